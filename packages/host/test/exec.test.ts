import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { createHost } from '@strata/host';
import { describe, expect, it } from 'vitest';
import { rejection } from './fixtures/scratch.ts';

const { exec } = createHost();
const shell = (script: string, options = {}) => exec.run('sh', ['-c', script], options);

describe('Exec', () => {
  it('runs with a scrubbed environment, input and accepted exit codes', async () => {
    process.env.LD_PRELOAD_PROBE = 'leak';
    const { stdout } = await exec.run('env', [], { env: { ADDED: 'yes' } });
    const names = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(names.sort()).toEqual(['ADDED', 'HOME', 'LC_ALL', 'PATH']);
    expect((await exec.run('cat', [], { input: 'in\n' })).stdout).toBe('in\n');
    expect((await exec.run('cat', [])).stdout).toBe('');
    expect((await shell('exit 3', { okCodes: [0, 3] })).exitCode).toBe(3);
    expect((await exec.run('pwd', [], { cwd: '/usr' })).stdout).toBe('/usr\n');
  });

  it('reports failure with its stderr, time-out, cancelling and absence', async () => {
    const failed = await rejection(shell('echo broken >&2; exit 4'));
    expect([failed.kind, failed.code, failed.message]).toEqual([
      'internal',
      'PROGRAM_FAILED',
      'sh failed with exit status 4: broken',
    ]);
    expect((await rejection(shell('kill -9 $$'))).message).toMatch(/SIGKILL/);
    expect((await rejection(shell('exec sleep 60', { timeout: 50 }))).code).toBe('PROGRAM_TIMEOUT');
    expect((await rejection(shell('exec sleep 60', { signal: AbortSignal.timeout(50) }))).kind).toBe(
      'aborted',
    );
    const missing = await rejection(exec.run('mkfs.xfs-not-there', []));
    expect([missing.kind, missing.code]).toEqual(['unsupported', 'PROGRAM_NOT_FOUND']);
    expect(missing.hint).toMatch(/apt-get install/);
    expect((await rejection(exec.run('./sh', []))).code).toBe('PROGRAM_NOT_FOUND');
    expect((await rejection(exec.spawn('no-such', [], { stdio: [] }))).code).toBe('PROGRAM_NOT_FOUND');
    expect((await rejection(exec.spawn('sh', [], { stdio: [], cwd: '/no/such' }))).code).toMatch(/PROGRAM/);
  });

  it('finds programs by absolute path', async () => {
    expect(await exec.find('sh')).toMatch(/^\/.*\/sh$/);
    expect(await exec.find('/bin/sh')).toBe('/bin/sh');
    expect(await exec.find('nonesuch')).toBeUndefined();
    expect(await exec.find('../bin/sh')).toBeUndefined();
  });

  it('gives a child pipes on descriptors 3 and 4, as conmon wants them', async () => {
    const script = 'read line <&4; echo "got $line" >&3; echo out; exit 7';
    const child = await exec.spawn('sh', ['-c', script], {
      stdio: ['ignore', 'pipe', 'ignore', 'pipe', 'pipe'],
    });
    const start = child.pipes.get(4) as unknown as NodeJS.WritableStream;
    start.end('start\n');
    expect(await text(child.pipes.get(3) as Readable)).toBe('got start\n');
    expect(await text(child.pipes.get(1) as Readable)).toBe('out\n');
    expect(await child.exited).toEqual({ code: 7, signal: undefined });
    expect([...child.pipes.keys()]).toEqual([1, 3, 4]);
  });

  it('starts detached children in their own session', async () => {
    const child = await exec.spawn('sh', ['-c', 'ps -o sid= -p $$; kill -TERM $$'], {
      stdio: ['ignore', 'pipe'],
      detached: true,
    });
    expect(Number(await text(child.pipes.get(1) as Readable))).toBe(child.pid);
    expect(await child.exited).toEqual({ code: undefined, signal: 'SIGTERM' });
  });
});
