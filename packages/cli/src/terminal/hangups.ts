const ignore = (): void => undefined;

/** By symbol, for the program and its start are bundles of their own. */
const NAME = Symbol.for('@strata/cli.nohup');

/** Whoever started us wants us to outlive the terminal: nohup(1). For the life of the process. */
export function ignoreHangups(): void {
  Object.defineProperty(globalThis, NAME, { value: true });
  process.on('SIGHUP', ignore);
}

/** Signals that a command may listen to. */
export function heard<Name extends NodeJS.Signals>(names: readonly Name[]): readonly Name[] {
  return NAME in globalThis ? names.filter((name) => name !== 'SIGHUP') : names;
}
