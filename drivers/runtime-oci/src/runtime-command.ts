/** The only file that spells arguments of runc(8) and crun(1); they are the same for both. */
import type { Readable } from 'node:stream';
import { type Host, type RunResult, type RuntimeState, StrataError } from '@strata/core';
import type { Launch } from './launch.ts';
import { runtimeFailure, runtimeMessage } from './runtime-error.ts';

const timeout = 30_000;

export class RuntimeCommand {
  /** The runtime's state directory. */
  readonly root: string;
  readonly #host: Host;
  readonly #launch: Launch;

  constructor(host: Host, launch: Launch, root: string) {
    this.#host = host;
    this.#launch = launch;
    this.root = root;
  }

  async start(id: string): Promise<void> {
    const result = await this.#run(['start', id]);
    if (result.exitCode !== 0) throw runtimeFailure(result.stderr);
  }

  async kill(id: string, signal: number, all: boolean): Promise<void> {
    const result = await this.#run(['kill', ...(all ? ['--all'] : []), id, String(signal)]);
    if (result.exitCode === 0) return;
    if (isGone(result))
      throw new StrataError('failed-precondition', 'CONTAINER_NOT_RUNNING', 'The container is not running');
    throw runtimeFailure(result.stderr);
  }

  async state(id: string): Promise<RuntimeState | undefined> {
    const result = await this.#run(['state', id]);
    if (result.exitCode !== 0) {
      if (isGone(result)) return undefined;
      throw runtimeFailure(result.stderr);
    }
    const { status, pid } = JSON.parse(result.stdout) as { status?: unknown; pid?: unknown };
    const known = (['created', 'running', 'paused', 'stopped'] as const).find((s) => s === status);
    return { status: known ?? 'unknown', pid: typeof pid === 'number' && pid > 0 ? pid : undefined };
  }

  async delete(id: string, force: boolean): Promise<void> {
    const result = await this.#run(['delete', ...(force ? ['--force'] : []), id]);
    if (result.exitCode === 0 || isGone(result)) return;
    throw new StrataError(
      'failed-precondition',
      'RUNTIME_DELETE_FAILED',
      `The runtime cannot delete the container: ${runtimeMessage(result.stderr)}`,
    );
  }

  /** Spawned plainly: this is the hot path of every container, and the output is a few lines. */
  async #run(args: readonly string[]): Promise<RunResult> {
    const { program, prefix } = this.#launch;
    const child = await this.#host.exec.spawn(program, [...prefix, '--root', this.root, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => process.kill(child.pid, 'SIGKILL'), timeout);
    const [stdout, stderr, exit] = await Promise.all([
      text(child.pipes.get(1) as Readable),
      text(child.pipes.get(2) as Readable),
      child.exited,
    ]).finally(() => clearTimeout(timer));
    return { exitCode: exit.code ?? 255, stdout, stderr };
  }
}

async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

/** runc and crun have no exit code for it. */
function isGone(result: RunResult): boolean {
  return /does not exist|no such (?:file or directory|process)|not running|process already finished|process not found/i.test(
    result.stderr,
  );
}
