import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

export const repository = resolve(import.meta.dirname, '../..');

/** Files git knows or would add, relative to the repository. */
export function files(...patterns: readonly string[]): string[] {
  const out = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns],
    {
      cwd: repository,
      encoding: 'utf8',
    },
  );
  return [...new Set(out.split('\n').filter((line) => line !== ''))];
}

export function read(file: string): string {
  return readFileSync(resolve(repository, file), 'utf8');
}

/** Source modules of packages, drivers and plugins: not tests, not templates. */
export function sources(): string[] {
  return files('packages/*/src/**/*.ts', 'drivers/*/src/**/*.ts', 'plugins/*/src/**/*.ts').filter(exists);
}

export function exists(file: string): boolean {
  try {
    read(file);
    return true;
  } catch {
    return false;
  }
}

/** Module names a source imports, static and dynamic. `typeOnly`: erased at run time. */
export function imports(file: string): { name: string; typeOnly: boolean }[] {
  const text = read(file).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const found: { name: string; typeOnly: boolean }[] = [];
  for (const match of text.matchAll(
    /^\s*(?:import|export)\s+(type\s)?[^'";]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'/gm,
  ))
    found.push({ name: (match[2] ?? match[3])!, typeOnly: match[1] !== undefined });
  for (const match of text.matchAll(/\b(?:import|require)\(\s*'([^']+)'\s*\)/g))
    found.push({ name: match[1]!, typeOnly: false });
  return found;
}
