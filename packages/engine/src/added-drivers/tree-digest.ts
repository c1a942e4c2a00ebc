import { createHash, type Hash } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** npm rewrites these with times and paths in them; nothing is loaded from them. */
const SKIPPED = new Set(['package-lock.json', '.package-lock.json']);

/** Names and bytes of everything in a directory, in an order of its own: `sha512-` and base64, as npm writes it. */
export function treeDigest(directory: string): string {
  const hash = createHash('sha512');
  add(hash, directory, '');
  return `sha512-${hash.digest('base64')}`;
}

function add(hash: Hash, directory: string, prefix: string): void {
  const entries = readdirSync(directory, { withFileTypes: true });
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (SKIPPED.has(entry.name)) continue;
    const path = join(directory, entry.name);
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) add(hash, path, `${name}/`);
    else {
      const bytes = entry.isSymbolicLink() ? Buffer.from(readlinkSync(path)) : readFileSync(path);
      hash.update(`${name}\0${bytes.length}\0`).update(bytes);
    }
  }
}
