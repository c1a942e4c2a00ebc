import { closeSync, openSync, readdirSync, writeFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createHost } from '@strata/host';
import { describe, expect, it } from 'vitest';
import { rejection, scratch } from './fixtures/scratch.ts';

const { exec, processes } = createHost();
const shell = (script: string, options = {}) => exec.run('sh', ['-c', script], options);
const descriptors = () => readdirSync('/proc/self/fd').length;

describe('starting programs without a fork', () => {
  it('carries more than a pipe holds, both ways, and leaves nothing open', async () => {
    const input = Buffer.alloc(5_000_000, 'word ');
    await exec.run('true', []);
    const before = descriptors();
    const { stdout } = await exec.run('cat', [], { input });
    expect(Buffer.from(stdout).equals(input)).toBe(true);
    expect((await exec.run('head', ['-c', '4'], { input })).stdout).toBe('word');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(descriptors()).toBe(before);
    expect((await shell('yes | head -c 300000 >&2')).stderr).toHaveLength(300_000);
  });

  it('does not wait for a grandchild that keeps the output', async () => {
    const { stdout } = await shell('sleep 20 & echo "$!"');
    const pid = Number(stdout);
    // Not a zombie either: then we would have waited for it.
    expect(processes.alive(processes.identify(pid)!)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });

  it('gives a child default signals, its own descriptors and no others', async () => {
    const stray = openSync('/dev/null', 'r');
    const { stdout } = await shell('grep -E "^Sig(Blk|Ign)" /proc/self/status; ls /proc/self/fd');
    closeSync(stray);
    expect(stdout).toBe('SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0\n1\n2\n3\n');
  });

  it('lets a child open /dev/stdout, and maps descriptors that stand in each other’s way', async () => {
    expect((await shell('echo there > /dev/stdout')).stdout).toBe('there\n');
    const folder = scratch();
    for (const name of ['a', 'b']) writeFileSync(`${folder}/${name}`, name);
    const [a, b] = [openSync(`${folder}/a`, 'r'), openSync(`${folder}/b`, 'r')];
    // Far enough up that every descriptor given is below the highest index: `a` and `b` change places.
    const stdio = Array.from({ length: Math.max(a, b) + 1 }, (_, index) => {
      if (index === 1) return 'pipe' as const;
      return index === a ? b : index === b ? a : ('ignore' as const);
    });
    const child = await exec.spawn('sh', ['-c', `cat /proc/self/fd/${a} /proc/self/fd/${b}`], { stdio });
    expect(await text(child.pipes.get(1) as Readable)).toBe('ba');
    expect((await child.exited).code).toBe(0);
    for (const fd of [a, b]) closeSync(fd);
  });

  it('says why a program did not start', async () => {
    const folder = scratch();
    writeFileSync(`${folder}/text`, 'no program', { mode: 0o755 });
    const notProgram = await rejection(exec.run(`${folder}/text`, []));
    expect([notProgram.code, notProgram.message]).toEqual([
      'PROGRAM_NOT_STARTED',
      expect.stringContaining('ENOEXEC'),
    ]);
    expect((await rejection(exec.run('true', [], { cwd: `${folder}/none` }))).message).toMatch(/ENOENT/);
    expect((await rejection(exec.run('true', [], { cwd: `${folder}/text` }))).code).toBe(
      'PROGRAM_NOT_STARTED',
    );
    await expect(exec.run('echo', ['a\0b'])).rejects.toThrow(/NUL/);
  });

  it('stops a program that writes without end', async () => {
    expect((await rejection(exec.run('yes', []))).code).toBe('PROGRAM_OUTPUT_TOO_LARGE');
  });

  it('runs many at once', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, (_, k) => shell(`echo ${k}; exit 0`)));
    expect(all.map(({ stdout }) => Number(stdout))).toEqual(Array.from({ length: 50 }, (_, k) => k));
  });

  it('keeps our event loop alive until the child ends, unless it is let go', async () => {
    const script = (more: string) => `
      import { createHost } from '@strata/host';
      const child = await createHost().exec.spawn('sleep', ['1.2'], { stdio: ['ignore', 'pipe'] });
      ${more}
      child.exited.then(({ code }) => console.log('ended', code));`;
    const run = async (more: string) => {
      const args = ['--conditions=source', '--no-warnings', '--input-type=module', '-e', script(more)];
      return (await exec.run(process.execPath, args, { cwd: import.meta.dirname })).stdout;
    };
    expect(await run('')).toBe('ended 0\n');
    expect(await run('child.unref();')).toBe('');
  });
});
