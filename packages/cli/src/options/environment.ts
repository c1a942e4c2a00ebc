import { readFileSync } from 'node:fs';
import { StrataError } from '@strata/core';
import type { Flags } from '../parse/flag-reader.ts';
import { splitPair } from './defined.ts';

/** Lines of an env or label file, as docker reads it: BOM, blank lines and comments dropped, UTF-8 demanded. */
function fileLines(file: string): readonly string[] {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const why = error instanceof TypeError ? 'it is not UTF-8' : (error as Error).message.split(', ')[0];
    throw new StrataError('invalid-argument', 'ENV_FILE_UNREADABLE', `cannot read ${file}: ${why}`, {
      cause: error,
      hint: 'Name a text file with one NAME=VALUE a line; a path is taken from the current directory',
    });
  }
  const lines = text.split(/\r?\n/).map((line) => line.trimStart());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

function checkName(name: string, where: string): void {
  if (name === '') throw invalid(`invalid environment variable in ${where}: it has no name`);
  if (/\s/.test(name)) throw invalid(`variable '${name}' in ${where} contains whitespaces`);
}

function invalid(message: string): StrataError {
  return new StrataError('invalid-argument', 'ENV_INVALID', message);
}

/**
 * `NAME=value` lists of `--env-file` and then `--env`. A name without value takes ours; when we have none, a file's
 * name is dropped and a flag's unsets the image's (a bare `NAME`), as in docker.
 */
export function readEnvironment(flags: Flags, env: NodeJS.ProcessEnv): readonly string[] {
  const result: string[] = [];
  for (const file of flags.list('env-file')) {
    for (const line of fileLines(file)) {
      const [name, value = env[name]] = splitPair(line);
      checkName(name, file);
      if (value !== undefined) result.push(`${name}=${value}`);
    }
  }
  for (const text of flags.list('env')) {
    const [name, value = env[name]] = splitPair(text);
    if (name === '') throw flags.invalid('env', text, `invalid environment variable: ${text}`);
    result.push(value === undefined ? name : `${name}=${value}`);
  }
  return result;
}

/** `--label-file`, then `--label`; a label without `=` is empty. */
export function readLabels(flags: Flags): Readonly<Record<string, string>> {
  return labelsOf(flags, [...flags.list('label-file').flatMap(fileLines), ...flags.list('label')]);
}

export function labelsOf(flags: Flags, texts: readonly string[]): Readonly<Record<string, string>> {
  const labels: Record<string, string> = Object.create(null);
  for (const text of texts) {
    const [name, value = ''] = splitPair(text);
    if (name === '') throw flags.invalid('label', text, 'a label needs a name');
    labels[name] = value;
  }
  return labels;
}
