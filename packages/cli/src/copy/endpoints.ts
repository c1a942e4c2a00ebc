import { isAbsolute } from 'node:path';

/** One side of `cp`. */
export type Endpoint =
  | { readonly kind: 'container'; readonly container: string; readonly path: string }
  | { readonly kind: 'local'; readonly path: string }
  | { readonly kind: 'pipe' };

/** Docker's reading: an absolute path or one that starts with `.` is local, else `name:path`. */
export function parseEndpoint(text: string): Endpoint {
  if (text === '-') return { kind: 'pipe' };
  const colon = text.indexOf(':');
  if (isAbsolute(text) || colon <= 0 || text.startsWith('.')) return { kind: 'local', path: text };
  return { kind: 'container', container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** `a/.`, `.`: the contents of a directory rather than it. */
export const meansContents = (path: string): boolean => /(?:^|\/)\.$/.test(path);
/** `a/`, `a/.`: it must be a directory. */
export const meansDirectory = (path: string): boolean => path.endsWith('/') || meansContents(path);

/** Where the copied thing goes: a directory that exists, and its name there; no name: its contents. */
export interface Placement {
  readonly directory: string;
  readonly name: string | undefined;
}

export interface PlacementQuestion {
  readonly source: { readonly isDirectory: boolean; readonly contents: boolean; readonly name: string };
  /** The destination as asked for; `is` says what is there now. */
  readonly destination: { readonly path: string; readonly is: 'directory' | 'other' | 'missing' };
  readonly split: (path: string) => { readonly directory: string; readonly name: string };
}

/** docker cp's table of cases. The error is a sentence. */
export function place({
  source,
  destination,
  split,
}: PlacementQuestion): Placement | { readonly problem: string } {
  const { path, is } = destination;
  if (is === 'directory') return { directory: path, name: source.contents ? undefined : source.name };
  if (is === 'other' && source.isDirectory)
    return { problem: `cannot copy a directory over the file ${path}` };
  if (is === 'other' && meansDirectory(path)) return { problem: `${path} is not a directory` };
  if (is === 'missing' && !source.isDirectory && meansDirectory(path))
    return { problem: `no such directory: ${path}` };
  return split(path);
}
