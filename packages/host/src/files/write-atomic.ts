import { basename, dirname, join } from 'node:path';

async function syncDirectory(path: string): Promise<void> {
  const { open } = await import('node:fs/promises');
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The name beside is new each time and O_EXCL, so two writers never share one; the last rename wins whole. */
export async function writeAtomic(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const { open, rename, unlink } = await import('node:fs/promises');
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${Math.random().toString(36).slice(2)}.tmp`);
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.chmod(mode);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(folder);
}
