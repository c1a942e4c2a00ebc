/** What the built program has of its start (start.ts). From source there are no packs, and nothing of it. */
export interface CodeKeeper {
  /** From now on the engine's packs are loaded this way; the loader that the build writes asks for it by symbol. */
  open(root: string, env: NodeJS.ProcessEnv, command: string): void;
  /** At the end of the command; only what is kept below this root, which must exist. */
  save(root: string, env: NodeJS.ProcessEnv): void;
  /** `import()`, which scripts that are not modules of Node's own loader do not have. */
  importModule(url: string): Promise<{ readonly default?: unknown }>;
}

const NAME = Symbol.for('@strata/cli.code');

export function provideCodeKeeper(keeper: CodeKeeper): void {
  Object.defineProperty(globalThis, NAME, { value: keeper });
}

export function codeKeeper(): CodeKeeper | undefined {
  return (globalThis as { [name: symbol]: unknown })[NAME] as CodeKeeper | undefined;
}
