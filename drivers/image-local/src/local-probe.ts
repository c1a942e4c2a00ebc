import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DriverContext, ProbeResult } from '@strata/core';

/** Any directory we can write to will do. */
export async function probeLocal(context: Pick<DriverContext, 'root'>): Promise<ProbeResult> {
  const path = join(context.root, `.probe-${process.pid}`);
  try {
    await (await open(path, 'w', 0o600)).close();
    return { supported: true };
  } catch (error) {
    const reason = `${context.root} cannot be written (${(error as NodeJS.ErrnoException).code})`;
    return { supported: false, reason, hint: 'run as root, or choose another directory with --root' };
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}
