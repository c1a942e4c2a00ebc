/** What the table may name as a handler. Types only: the code is loaded when the command runs. */
export type CommandHandlers = typeof import('./commands/index.ts').commands;

export interface FastHandlers {
  readonly version: typeof import('./fast/version.ts');
  readonly ps: typeof import('./fast/ps.ts');
  readonly images: typeof import('./fast/images.ts');
  readonly complete: typeof import('./fast/complete.ts');
  readonly completion: typeof import('./help/completion.ts');
  readonly manual: typeof import('./help/manual.ts');
}
