import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Terminal } from './pty.ts';
import { type Stage, stage } from './setup.ts';

describe('a terminal', () => {
  let place: Stage;
  beforeAll(async () => {
    place = await stage({ busybox: true });
  });
  afterAll(async () => place?.[Symbol.asyncDispose]());

  it('is a tty of the right size, follows resizes, and ends with the shell’s code', async () => {
    await new Terminal(['run', '-it', '--rm', 'busybox', 'sh'], place.home.env).behavesAsATty();
  });

  it('detaches with the keys and attaches again', async () => {
    const first = new Terminal(['run', '-it', '--name', 'keep', 'busybox', 'sh'], place.home.env);
    await first.shows(/# /);
    first.type('x=kept\n');
    first.type('\x10\x11');
    expect(await first.exited).toBe(0);
    expect(await place.home.ok('ps', '--format', '{{.Names}}')).toBe('keep');
    const second = new Terminal(['attach', 'keep'], place.home.env);
    await new Promise((done) => setTimeout(done, 300));
    second.type('echo still $x\n');
    await second.shows(/still kept/);
    second.type('exit 5\n');
    expect(await second.exited).toBe(5);
  });

  it('serves exec', async () => {
    await place.home.ok('run', '-d', '--name', 'room', 'busybox', 'sleep', '600');
    const terminal = new Terminal(['exec', '-it', 'room', 'sh'], place.home.env);
    await terminal.shows(/# /);
    terminal.type('stty size; exit 6\n');
    await terminal.shows(/30 90/);
    expect(await terminal.exited).toBe(6);
  });

  it('is demanded by -t', async () => {
    const { code, stderr } = await place.home.strata(['run', '-it', '--rm', 'busybox', 'true']);
    expect(code).toBe(1);
    expect(stderr).toMatch(/not a (?:TTY|terminal)/i);
  });
});
