import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths that the image lacked and a container's mounts needed; where its files are (`paths.container`). */
export function madeMountpoints(directory: string): Set<string> {
  try {
    return new Set(JSON.parse(readFileSync(join(directory, 'mountpoints.json'), 'utf8')) as string[]);
  } catch {
    return new Set();
  }
}
