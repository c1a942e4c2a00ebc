import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export type Command = readonly string[];

export interface Ended {
  readonly code: number;
  readonly seconds: number;
  readonly output: string;
  /** Highest resident memory seen, bytes; only with `watchMemory`. */
  readonly peak: number;
}

const PATIENCE = 180_000;

/** Run to the end, without a shell; the time is from fork to exit. */
export function run(
  command: Command,
  options: { readonly env?: Record<string, string>; readonly watchMemory?: boolean } = {},
): Promise<Ended> {
  return new Promise((done, failed) => {
    const start = process.hrtime.bigint();
    const child = spawn(command[0]!, command.slice(1), {
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: PATIENCE,
      killSignal: 'SIGKILL',
    });
    let peak = 0;
    const look = (): void => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        peak = Math.max(peak, 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
      } catch {
        // It has ended.
      }
    };
    const watching = options.watchMemory === true ? setInterval(look, 20) : undefined;
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', failed);
    let seconds = 0;
    child.on('exit', () => {
      seconds = Number(process.hrtime.bigint() - start) / 1e9;
    });
    child.on('close', (code) => {
      clearInterval(watching);
      done({ code: code ?? 255, seconds, output: Buffer.concat(chunks).toString(), peak });
    });
  });
}

/** Run, and do not mind how it ends: what should be gone may be gone already. */
export async function attempt(command: Command, env?: Record<string, string>): Promise<string> {
  return (await run(command, env === undefined ? {} : { env })).output;
}

export async function must(command: Command, env?: Record<string, string>): Promise<string> {
  const { code, output } = await run(command, env === undefined ? {} : { env });
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${output.slice(-400)}`);
  return output;
}

/** `make(n)` for n of 1…count, at most `width` at once; seconds until the last has ended. */
export async function many(
  count: number,
  width: number,
  make: (n: number) => Command,
  env?: Record<string, string>,
): Promise<number> {
  const start = process.hrtime.bigint();
  let next = 1;
  let failed = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let n = next++; n <= count; n = next++) {
        const { code } = await run(make(n), env === undefined ? {} : { env });
        if (code !== 0) failed += 1;
      }
    }),
  );
  if (failed > 0) throw new Error(`${failed} of ${count} failed`);
  return Number(process.hrtime.bigint() - start) / 1e9;
}
