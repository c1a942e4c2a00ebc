import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Stage, stage } from './setup.ts';

describe('standard streams', () => {
  let place: Stage;
  beforeAll(async () => {
    place = await stage({ busybox: true });
  });
  afterAll(async () => place?.[Symbol.asyncDispose]());

  it('carry bytes unchanged and end when stdin ends', async () => {
    const input = randomBytes(8 << 20);
    const digest = createHash('sha256').update(input).digest('hex');
    const { stdout, code } = await place.home.strata(['run', '-i', '--rm', 'busybox', 'sha256sum'], {
      input,
    });
    expect(stdout.slice(0, 64)).toBe(digest);
    expect(code).toBe(0);
  });

  it('keep stdout and stderr apart and in full', async () => {
    const script = 'i=0; while [ $i -lt 20000 ]; do echo out$i; i=$((i+1)); done; echo err >&2; exit 4';
    const { stdout, stderr, code } = await place.home.strata(['run', '--rm', 'busybox', 'sh', '-c', script]);
    expect(stdout.trimEnd().split('\n')).toEqual(Array.from({ length: 20000 }, (_, i) => `out${i}`));
    expect(stderr).toBe('err\n');
    expect(code).toBe(4);
  });

  it('log what a detached container writes', async () => {
    const { home } = place;
    await home.ok(
      'run',
      '-d',
      '--name',
      'talk',
      'busybox',
      'sh',
      '-c',
      'for i in 1 2 3; do echo line $i; done; echo oops >&2; printf tail',
    );
    expect(await home.ok('wait', 'talk')).toBe('0');
    const { stdout, stderr } = await home.strata(['logs', 'talk']);
    expect(stdout).toBe('line 1\nline 2\nline 3\ntail');
    expect(stderr).toBe('oops\n');
    expect((await home.strata(['logs', '--tail', '1', 'talk'])).stdout).toBe('tail');
    expect((await home.strata(['logs', '-t', 'talk'])).stdout).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00) line 1\n/,
    );
  });

  it('follow a log until the container ends', async () => {
    const { home } = place;
    await home.ok(
      'run',
      '-d',
      '--name',
      'slow',
      'busybox',
      'sh',
      '-c',
      'for i in 1 2 3; do echo $i; sleep 0.2; done',
    );
    expect((await home.strata(['logs', '-f', 'slow'])).stdout).toBe('1\n2\n3\n');
  });

  it('pipe through exec as through run', async () => {
    const { home } = place;
    await home.ok('run', '-d', '--name', 'host', 'busybox', 'sleep', '600');
    const { stdout } = await home.strata(['exec', '-i', 'host', 'tr', 'a-z', 'A-Z'], {
      input: 'half closed',
    });
    expect(stdout).toBe('HALF CLOSED');
  });
});
