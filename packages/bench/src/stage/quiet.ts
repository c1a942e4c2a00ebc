import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '@strata/core';

const PATIENCE_MS = 15_000;
const PAUSE_MS = 10;

/**
 * Resolves once no process works in the directory any more: monitors record the end of their container a moment
 * after it, which would disturb the next measurement, or write where things are being deleted. What does not end by
 * itself is killed; nobody else's command line names a directory of the bench.
 */
export async function quiet(host: Host, directory: string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const pids = await mentioning(directory);
    if (pids.length === 0) return;
    if (performance.now() > deadline) {
      for (const pid of pids) {
        const process = host.processes.identify(pid);
        if (process !== undefined) host.processes.kill(process, 9);
      }
      return;
    }
    await sleep(PAUSE_MS);
  }
}

async function mentioning(text: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const commands = await Promise.all(
    pids.map(async (pid) => ({
      pid: Number(pid),
      command: await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
    })),
  );
  return commands.filter(({ command }) => command.includes(text)).map(({ pid }) => pid);
}
