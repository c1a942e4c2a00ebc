import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

const script = resolve(import.meta.dirname, '../../scripts/test-vm.sh');

/**
 * What only the machine can show: cgroup v2. `pnpm test:vm` runs every suite; under software emulation that takes
 * longer than all other tests together. Everything the machine says becomes part of the log of the tests.
 */
it('passes the cgroup v2 suite in a machine that has it', { timeout: 1_800_000 }, async () => {
  const child = spawn('sh', [script, 'cgroup-v2'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const failed: string[] = [];
  let passed = 0;
  for await (const line of createInterface(child.stdout)) {
    process.stdout.write(`${line}\n`);
    if (line.startsWith('ok ') && !line.includes(' # SKIP ')) passed++;
    if (line.startsWith('not ok ')) failed.push(line);
  }
  const code = child.exitCode ?? (await new Promise<number | null>((ended) => child.once('exit', ended)));
  expect({ failed, code }).toEqual({ failed: [], code: 0 });
  expect(passed).toBeGreaterThan(25);
});
