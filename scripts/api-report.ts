/**
 * Writes docs/api/*.md: every declaration that users of a published package can reach, so that a change to the public
 * API is a diff somebody reads. Run it after such a change, and add a changeset: node scripts/api-report.ts
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

const repository = resolve(import.meta.dirname, '..');
const published = ['core', 'conformance'] as const;

/** File under docs/ → what it should contain. */
export function apiReports(): Map<string, string> {
  return new Map(published.map((name) => [`docs/api/${name}.md`, report(name)]));
}

function report(name: string): string {
  const directory = join(repository, 'packages', name);
  const declarations = mkdtempSync(join(tmpdir(), 'strata-api-'));
  try {
    const tsc = join(repository, 'node_modules/.bin/tsc');
    execFileSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', declarations, '--declarationMap', 'false'], {
      cwd: directory,
      stdio: 'pipe',
    });
    return render(name, entries(directory), declarations);
  } finally {
    rmSync(declarations, { recursive: true });
  }
}

/** Import path → its module, from the published exports. */
function entries(directory: string): [string, string][] {
  const { name, exports: map } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    name: string;
    exports: Record<string, { types: string }>;
  };
  return Object.entries(map).map(([path, { types }]) => [join(name, path), relative('dist', types)]);
}

function render(name: string, all: readonly [string, string][], declarations: string): string {
  const modules = new Set<string>();
  for (const [, file] of all) collect(join(declarations, file), modules);
  const sections = [...modules].sort().map((file) => {
    const title = relative(declarations, file).replace(/\.d\.ts$/, '');
    return `## ${title}\n\n\`\`\`ts\n${bare(readFileSync(file, 'utf8'))}\n\`\`\`\n`;
  });
  const list = all.map(([path, file]) => `- \`${path}\`: ${file.replace(/\.d\.ts$/, '')}`).join('\n');
  return `# Public API of @strata/${name}

Made by scripts/api-report.ts from the declarations; a test compares. Comments are in the sources.

${list}

${sections.join('\n')}`;
}

/** A module and all it re-exports or speaks of. */
function collect(file: string, found: Set<string>): void {
  if (found.has(file)) return;
  found.add(file);
  for (const match of readFileSync(file, 'utf8').matchAll(
    /(?:from |import\()['"](\.[^'"]+)\.(?:js|ts)['"]/g,
  )) {
    const next = resolve(dirname(file), `${match[1]}.d.ts`);
    if (existsSync(next)) collect(next, found);
  }
}

/** Without comments, blank lines and private members, which have no types. */
function bare(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/^\s*#private;$/gm, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .join('\n');
}

if (process.argv[1] === import.meta.filename) {
  for (const [file, text] of apiReports()) {
    mkdirSync(dirname(join(repository, file)), { recursive: true });
    writeFileSync(join(repository, file), text);
  }
}
