/** One call of one plugin (CNI specification 1.0, section 2): parameters in the environment, configuration on standard input. */
import { type Exec, StrataError } from '@strata/core';

export interface PluginCall {
  readonly command: 'ADD' | 'DEL' | 'CHECK' | 'GC' | 'VERSION';
  readonly type: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly containerId?: string;
  /** Empty when it is gone. */
  readonly namespace?: string;
  readonly interfaceName?: string;
  readonly arguments?: string;
}

interface PluginError {
  readonly code?: number;
  readonly msg?: string;
  readonly details?: string;
}

const ANY_EXIT = Array.from({ length: 256 }, (_, code) => code);
/** "Try again later", section 5. */
const TRY_AGAIN = 11;
const TIMEOUT = 60_000;

export class PluginRunner {
  readonly #exec: Exec;
  readonly #path: readonly string[];
  readonly #found = new Map<string, string>();

  constructor(exec: Exec, path: readonly string[]) {
    this.#exec = exec;
    this.#path = path;
  }

  /** Its answer; `undefined` where the command has none. @throws what the plugin says, in one sentence */
  async run(call: PluginCall): Promise<unknown> {
    const program = await this.find(call.type);
    const { exitCode, stdout, stderr } = await this.#exec.run(program, [], {
      env: this.#environment(call),
      input: JSON.stringify(call.config),
      okCodes: ANY_EXIT,
      timeout: TIMEOUT,
    });
    const answer = parse(stdout);
    if (exitCode !== 0) throw pluginError(call, (answer ?? {}) as PluginError, stderr);
    return answer;
  }

  async has(type: string): Promise<boolean> {
    return (await this.#locate(type)) !== undefined;
  }

  async find(type: string): Promise<string> {
    const program = await this.#locate(type);
    if (program !== undefined) return program;
    throw new StrataError('unsupported', 'CNI_PLUGIN_MISSING', `The CNI plugin ${type} is not installed`, {
      hint: `Install containernetworking-plugins; looked in ${this.#path.join(', ')}`,
    });
  }

  async #locate(type: string): Promise<string | undefined> {
    const known = this.#found.get(type);
    if (known !== undefined) return known;
    for (const directory of this.#path) {
      const program = await this.#exec.find(`${directory}/${type}`);
      if (program === undefined) continue;
      this.#found.set(type, program);
      return program;
    }
    return undefined;
  }

  #environment(call: PluginCall): Record<string, string> {
    return {
      CNI_COMMAND: call.command,
      CNI_PATH: this.#path.join(':'),
      CNI_CONTAINERID: call.containerId ?? '',
      CNI_NETNS: call.namespace ?? '',
      CNI_IFNAME: call.interfaceName ?? '',
      CNI_ARGS: call.arguments ?? '',
    };
  }
}

function parse(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pluginError({ type, command }: PluginCall, error: PluginError, stderr: string): StrataError {
  const said = [error.msg, error.details].filter(Boolean).join(': ') || stderr.trim().split('\n').at(-1);
  const kind = error.code === TRY_AGAIN ? 'unavailable' : exhausted(said) ? 'resource-exhausted' : 'internal';
  return new StrataError(kind, 'CNI_PLUGIN_FAILED', `The CNI plugin ${type} refused ${command}: ${said}`, {
    context: { plugin: type, command, ...(error.code === undefined ? {} : { cniCode: error.code }) },
  });
}

/** host-local has no code of its own for it. */
function exhausted(said: string | undefined): boolean {
  return said?.includes('no IP addresses available') === true;
}
