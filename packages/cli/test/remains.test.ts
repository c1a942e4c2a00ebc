import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { children } from '../src/standby/remains.ts';

it('the children of a process are told while its threads come and go', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  for (let round = 0; round < 5; round++) {
    const workers = Array.from({ length: 30 }, () => new Worker('', { eval: true }));
    await Promise.all(workers.map((worker) => once(worker, 'online')));
    // They end while this thread looks and gives way to nothing.
    for (const until = Date.now() + 150; Date.now() < until; )
      expect(children()).toContain(String(child.pid));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  child.kill();
  await once(child, 'exit');
  expect(children()).not.toContain(String(child.pid));
});
