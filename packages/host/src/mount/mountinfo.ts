import { readFileSync } from 'node:fs';
import type { MountInfo } from '@strata/core';

/** proc(5): space, tab, newline and backslash are written as three octal digits, over the raw bytes. */
export function decodeOctal(field: string): string {
  if (!field.includes('\\')) return field;
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** Fields are raw bytes, read as latin1; names are UTF-8. Nearly all are plain ASCII. */
const text = (field = ''): string =>
  /[\\\x80-\xff]/.test(field) ? Buffer.from(decodeOctal(field), 'latin1').toString() : field;

/** Fields after the optional ones, which end with a lone `-`. */
export function parseMountLine(line: string): MountInfo | undefined {
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  const [id, parent, , root, target, options] = fields;
  if (separator < 0 || options === undefined) return undefined;
  return {
    id: Number(id),
    parent: Number(parent),
    root: text(root),
    target: text(target),
    type: text(fields[separator + 1]),
    source: text(fields[separator + 2]),
    options: [...new Set([...options.split(','), ...text(fields[separator + 3]).split(',')])],
  };
}

export function parseMountInfo(content: string): MountInfo[] {
  return content.split('\n').flatMap((line) => parseMountLine(line) ?? []);
}

export function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || directory === '/' || path.startsWith(`${directory}/`);
}

/** What the kernel writes as it is, so that a line about it holds it. */
const isPlain = (path: string): boolean => /^[!-[\]-~]+$/.test(path);

/** Mounts of this process's namespace in mount order: a later one lies on top of or below an earlier one. */
export function readMountInfo(below?: string): MountInfo[] {
  const content = readFileSync('/proc/self/mountinfo', 'latin1');
  if (below === undefined) return parseMountInfo(content);
  return mountsBelow(content, below);
}

/** With a thousand containers there are thousands of lines, of which one or none is looked for. */
export function mountsBelow(content: string, directory: string): MountInfo[] {
  if (!isPlain(directory))
    return parseMountInfo(content).filter(({ target }) => isAtOrBelow(target, directory));
  const found: MountInfo[] = [];
  for (let at = content.indexOf(directory); at >= 0; ) {
    const begin = content.lastIndexOf('\n', at) + 1;
    const end = content.indexOf('\n', at);
    const mount = parseMountLine(content.slice(begin, end < 0 ? undefined : end));
    if (mount !== undefined && isAtOrBelow(mount.target, directory)) found.push(mount);
    at = end < 0 ? -1 : content.indexOf(directory, end);
  }
  return found;
}
