import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createProcesses } from '@strata/host/process';
import { describe, expect, it } from 'vitest';
import { parseProcStat } from '../src/process/processes.ts';

const processes = createProcesses();
const SIGKILL = 9;

describe('Processes', () => {
  it('counts the fields of stat after a name that holds parentheses and spaces', () => {
    const rest = Array.from({ length: 49 }, (_, k) => String(k + 4)).join(' ');
    expect(parseProcStat(`12 (a) R 1 (b) S ${rest}`)).toEqual({ state: 'S', startTime: 22 });
    expect(parseProcStat('')).toBeUndefined();
  });

  it('knows a living process, a zombie and a stranger with the same pid', async () => {
    // A shell that never waits for its child leaves a zombie.
    const parent = spawn('perl', ['-e', '$|=1; my $p = fork; if (!$p) { exit 0 } print "$p\\n"; sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const self = processes.identify(parent.pid!)!;
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const zombie = processes.identify(Number(String(line).trim()))!;
      while (processes.alive(zombie)) await new Promise((resolve) => setImmediate(resolve));
      expect(existsSync(`/proc/${zombie.pid}`)).toBe(true);
      expect(processes.kill(zombie, SIGKILL)).toBe(false);
      expect(processes.alive(self)).toBe(true);
      const stranger = { ...self, startTime: self.startTime - 1 };
      expect([processes.alive(stranger), processes.kill(stranger, SIGKILL)]).toEqual([false, false]);
      const earlier = { ...self, bootId: 'another-boot' };
      expect([processes.alive(earlier), processes.kill(earlier, SIGKILL)]).toEqual([false, false]);
      expect(processes.alive(self)).toBe(true);
    } finally {
      expect(processes.kill(self, SIGKILL)).toBe(true);
    }
    if (parent.exitCode === null && parent.signalCode === null) await once(parent, 'exit');
    expect([processes.alive(self), processes.kill(self, 0)]).toEqual([false, false]);
  });

  it('answers for pids that are none', () => {
    const ended = spawnSync('true').pid;
    for (const pid of [ended, 0, -1, 1.5, Number.NaN, 2 ** 40])
      expect(processes.identify(pid)).toBeUndefined();
    expect(processes.kill({ ...processes.self, pid: -1 }, SIGKILL)).toBe(false);
    expect(processes.self.pid).toBe(process.pid);
    expect(processes.alive(processes.self)).toBe(true);
  });
});
