import { constants } from 'node:os';
import { heard } from './hangups.ts';

/** Ctrl-C and SIGTERM: the first asks the command to stop, a second ends the process at once. */
export class Interrupt {
  #controller: AbortController | undefined;
  #code: number | undefined;
  readonly #listeners: [NodeJS.Signals, () => void][] = [];

  /** Aborted by the first signal. Listening starts here. */
  get signal(): AbortSignal {
    return this.#listen().signal;
  }

  /** 128+n of the signal that came, if one did. */
  get exitCode(): number | undefined {
    return this.#code;
  }

  /** Stop listening: from now on somebody else handles signals. */
  release(): void {
    for (const [name, listener] of this.#listeners.splice(0)) process.off(name, listener);
  }

  #listen(): AbortController {
    if (this.#controller !== undefined) return this.#controller;
    const controller = new AbortController();
    this.#controller = controller;
    for (const name of heard(['SIGINT', 'SIGTERM', 'SIGHUP'])) {
      const number = constants.signals[name];
      const listener = (): void => {
        if (this.#code !== undefined) process.exit(128 + number);
        this.#code = 128 + number;
        controller.abort();
      };
      this.#listeners.push([name, listener]);
      process.on(name, listener);
    }
    return controller;
  }
}
