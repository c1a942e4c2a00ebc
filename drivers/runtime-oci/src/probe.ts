/**
 * Does a runtime work here? Asked by running a real container: the host's own `true`, in a root filesystem of
 * read-only binds. The answer is kept until the program or the boot changes, for it costs about 60 ms.
 */
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DriverContext, isStrataError, type ProbeResult, StrataError } from '@strata/core';
import { type Launch, launchOf } from './launch.ts';
import { OciRuntimeDriver } from './oci-runtime-driver.ts';
import type { RuntimeOptions } from './options.ts';
import { probeBundle } from './probe-bundle.ts';

/** A runtime that was seen to work. Absolute paths. */
export interface SelectedRuntime {
  readonly command: string;
  readonly launch: Launch;
  readonly monitor: string;
  /** `runc 1.1.5` */
  readonly description: string;
  /** Changes with the programs. */
  readonly identity: string;
}

/** Of this process. */
let probes = 0;

type Context = DriverContext<RuntimeOptions>;
type Answer = { readonly works: SelectedRuntime } | { readonly reason: string };

/** crun takes less than half of the time that runc takes to start a container. */
const defaultCommands = ['crun', 'runc'];

export async function probeRuntime(context: Context): Promise<ProbeResult> {
  const found = await findRuntime(context);
  if ('works' in found) return { supported: true, detail: found.works.description };
  return {
    supported: false,
    reason: found.reason,
    hint: await hint(context),
  };
}

/** A runtime changes the propagation of `/` and pivots away from it (pivot_root(2)), which only a mount point allows. */
async function hint({ host }: Context): Promise<string> {
  const rooted = (await host.mounter.list()).some(({ target }) => target === '/');
  if (rooted) return 'Install runc and conmon (apt-get install runc conmon)';
  return 'The root directory is no mount point, as in a chroot: before you enter it, mount --bind DIR DIR';
}

/** @throws unsupported `RUNTIME_UNSUPPORTED` */
export async function selectRuntime(context: Context): Promise<SelectedRuntime> {
  const found = await findRuntime(context);
  if ('works' in found) return found.works;
  throw new StrataError('unsupported', 'RUNTIME_UNSUPPORTED', `No OCI runtime works here: ${found.reason}`, {
    hint: await hint(context),
  });
}

async function findRuntime(context: Context): Promise<Answer> {
  const { host, options } = context;
  const monitor = await host.exec.find(options.monitor ?? 'conmon');
  if (monitor === undefined) return { reason: `${options.monitor ?? 'conmon'} is not installed` };
  const reasons: string[] = [];
  for (const name of options.command === undefined ? defaultCommands : [options.command]) {
    const command = await host.exec.find(name);
    if (command === undefined) {
      reasons.push(`${name} is not installed`);
      continue;
    }
    const answer = await remembered(context, command, monitor);
    if ('works' in answer) return answer;
    reasons.push(`${name}: ${answer.reason}`);
  }
  return { reason: reasons.join('; ') };
}

async function remembered(context: Context, command: string, monitor: string): Promise<Answer> {
  const changed = await Promise.all([stat(command), stat(monitor)]);
  const identity = changed.map((s) => `${s.ino}.${s.mtimeMs}`).join('-');
  const file = join(context.runDirectory, `runtime-${command.replaceAll('/', '_')}.json`);
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as { works: SelectedRuntime };
    if (kept.works.identity === identity) return kept;
  } catch {
    // No answer yet, or half a one: ask again.
  }
  const answer = await tryRuntime(context, { command, monitor, identity });
  // A no may be the host's bad minute.
  if (!('works' in answer)) return answer;
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(answer), { mode: 0o600 });
  await rename(temporary, file);
  return answer;
}

async function tryRuntime(
  context: Context,
  wanted: Pick<SelectedRuntime, 'command' | 'monitor' | 'identity'>,
): Promise<Answer> {
  const { command } = wanted;
  const id = `probe${process.pid}-${probes++}`;
  const directory = join(context.runDirectory, id);
  try {
    const version = await context.host.exec.run(command, ['--version'], { timeout: 10_000 });
    const [line = command] = version.stdout.split('\n');
    const description = line.replace(/ version /, ' ').trim();
    const launch = await launchOf(context.host, command, description.startsWith('crun '));
    const works = { ...wanted, launch, description };
    const driver = new OciRuntimeDriver(context, works);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await probeBundle(directory);
    try {
      const created = await driver.create({
        id,
        bundle: directory,
        runDirectory: directory,
        monitor: { terminal: false, stdin: false, leaveStdinOpen: false, logPath: undefined },
      });
      await driver.start(created);
      const exit = await driver.wait(created, AbortSignal.timeout(10_000));
      if (exit.code !== 0) return { reason: `a test container ended with ${exit.code}` };
    } finally {
      await driver.delete(id, { force: true });
    }
    return { works };
  } catch (error) {
    if (!isStrataError(error) && !(error instanceof Error)) throw error;
    return { reason: error.message };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
