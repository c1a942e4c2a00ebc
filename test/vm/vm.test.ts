import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';

const atLeast = (least: number) => expect.toSatisfy((count: number) => count >= least);
const script = resolve(import.meta.dirname, '../../scripts/test-vm.sh');

/** What only the machine can show. Everything it says becomes part of the log of the tests. */
it('passes every suite in a machine of its own', { timeout: 1_800_000 }, async () => {
  const child = spawn('sh', [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const failed: string[] = [];
  const passed = new Map<string, number>();
  for await (const line of createInterface(child.stdout)) {
    process.stdout.write(`${line}\n`);
    if (line.startsWith('not ok ')) failed.push(line);
    const [, suite] = /^ok \d+ - (\S+) > (?!.* # SKIP )/.exec(line) ?? [];
    if (suite !== undefined) passed.set(suite, (passed.get(suite) ?? 0) + 1);
  }
  const code = child.exitCode ?? (await new Promise<number | null>((ended) => child.once('exit', ended)));
  expect({ failed, code }).toEqual({ failed: [], code: 0 });
  expect(Object.fromEntries(passed)).toEqual({
    'cgroup-v2': atLeast(34),
    cli: atLeast(11),
    'quota-xfs': 6,
    'quota-ext4': 3,
    'layer-overlay-xfs': atLeast(60),
    'layer-overlay-ext4': atLeast(20),
    'layer-btrfs': atLeast(20),
  });
});
