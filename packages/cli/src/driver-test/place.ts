import { mkdtemp, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestFilesystem, type TestFilesystemType, testFilesystems } from '@strata/conformance';
import { type AnyDriverDefinition, type Host, type ProbeResult, StrataError } from '@strata/core';

/** Where a suite runs: a directory on a filesystem the driver works on. */
export interface Place extends AsyncDisposable {
  readonly name: string;
  readonly directory: string;
}

/** The filesystem of a driver's pool, else the first it says yes to. @throws unsupported with what it says to each */
export async function placeFor(
  definition: AnyDriverDefinition,
  host: Host,
  wanted: string | undefined,
): Promise<Place> {
  const answers: string[] = [];
  let hint = 'Read what it says about each filesystem';
  for (const type of candidates(definition, wanted)) {
    const filesystem = await createTestFilesystem(host, { type, size: 4 * 1024 ** 3 });
    const probe = await probeOn(definition, host, filesystem.directory);
    const { directory } = filesystem;
    if (probe.supported)
      return { name: type, directory, [Symbol.asyncDispose]: () => filesystem[Symbol.asyncDispose]() };
    await filesystem[Symbol.asyncDispose]();
    answers.push(`${type}: ${probe.reason}`);
    hint = probe.hint;
  }
  throw new StrataError(
    'unsupported',
    'DRIVER_UNSUPPORTED',
    `The ${definition.kind} driver ${definition.id} does not work here (${answers.join('; ')})`,
    { hint },
  );
}

function candidates(
  definition: AnyDriverDefinition,
  wanted: string | undefined,
): readonly TestFilesystemType[] {
  if (wanted !== undefined) {
    const known = testFilesystems.find((type) => type === wanted);
    if (known !== undefined) return [known];
    const message = `${wanted} is not a filesystem a test can make`;
    const hint = `Use one of ${testFilesystems.join(', ')}`;
    throw new StrataError('invalid-argument', 'FILESYSTEM_UNKNOWN', message, { hint });
  }
  if (definition.kind !== 'layer') return ['tmpfs'];
  const own = testFilesystems.filter((type) => type === definition.pool?.filesystem);
  return own.length > 0 ? own : testFilesystems;
}

async function probeOn(definition: AnyDriverDefinition, host: Host, directory: string): Promise<ProbeResult> {
  const root = await mkdtemp(join(directory, 'probe-'));
  const checked = await definition.options['~standard'].validate({});
  if (checked.issues !== undefined) {
    const reason = `it refuses to be without options: ${checked.issues.map(({ message }) => message).join(', ')}`;
    return { supported: false, reason, hint: 'Every option of a driver needs a default' };
  }
  const { signal } = new AbortController();
  // What it remembers until the next boot is its own affair.
  const runDirectory = await mkdtemp(join(directory, 'run-'));
  const context = { root, runDirectory, options: checked.value, host, log: host.log, signal };
  const probe = await definition.probe(context);
  await rm(runDirectory, { recursive: true, force: true });
  const left = await rmdir(root).catch((error: Error) => error);
  if (left === undefined) return probe;
  await rm(root, { recursive: true, force: true });
  const hint = 'A probe is asked often and must clean up after itself';
  return { supported: false, reason: `its probe left something behind (${left.message})`, hint };
}

/** A new empty directory for each case, which must be empty again at its end. */
export function emptyDirectories(base: string) {
  return {
    async createRoot() {
      const root = await mkdtemp(join(base, 'root-'));
      return { root, dispose: () => rm(root, { recursive: true, force: true }) };
    },
  };
}
