import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DetachMatcher, parseDetachKeys } from '../src/terminal/detach-keys.ts';
import { OutputQueue } from '../src/terminal/output-queue.ts';

describe('detach keys', () => {
  it.each([
    ['ctrl-p,ctrl-q', [16, 17]],
    ['ctrl-@', [0]],
    ['ctrl-\\', [28]],
    ['a,b', [97, 98]],
    ['ctrl-^,x', [30, 120]],
    ['', []],
    ['ctrl-A', [1]],
    [',', [44]],
    ['zzz', undefined],
    ['ctrl-1', undefined],
    ['ctrl-', undefined],
    ['ctrl-p ctrl-q', undefined],
  ])('%s', (text, keys) => expect(parseDetachKeys(text)).toEqual(keys));

  const feed = (matcher: DetachMatcher, ...input: number[]) => {
    const { data, detached } = matcher.feed(Uint8Array.from(input));
    return { data: [...data], detached };
  };

  it('are found across chunks, and passed on when they go on otherwise', () => {
    const matcher = new DetachMatcher([16, 17]);
    expect(feed(matcher, 1, 16)).toEqual({ data: [1], detached: false });
    expect(feed(matcher, 5)).toEqual({ data: [16, 5], detached: false });
    expect(feed(matcher, 16, 16)).toEqual({ data: [16], detached: false });
    expect(feed(matcher, 17, 9)).toEqual({ data: [], detached: true });
  });

  it('are nothing when empty', () => {
    expect(feed(new DetachMatcher([]), 16, 17)).toEqual({ data: [16, 17], detached: false });
  });
});

describe('OutputQueue', () => {
  it('writes everything, in order, and copies what it is given', async () => {
    const file = join(tmpdir(), `strata-queue-${process.pid}`);
    const descriptor = openSync(file, 'w');
    try {
      const queue = new OutputQueue();
      const chunk = Buffer.alloc(100_000);
      for (let at = 0; at < 50; at++) await queue.write(descriptor, chunk.fill(at));
      chunk.fill(255);
      await queue.flush();
      const written = readFileSync(file);
      expect(written.length).toBe(5_000_000);
      expect(
        [...Array(50).keys()].every(
          (at) => written[at * 100_000] === at && written[(at + 1) * 100_000 - 1] === at,
        ),
      ).toBe(true);
    } finally {
      closeSync(descriptor);
      rmSync(file);
    }
  });

  it('keeps the order of two descriptors that are one file', async () => {
    const file = join(tmpdir(), `strata-queue-order-${process.pid}`);
    const first = openSync(file, 'a');
    const second = openSync(file, 'a');
    try {
      const queue = new OutputQueue();
      let expected = '';
      for (let at = 0; at < 500; at++) {
        const text = `${at} `.repeat(at % 7 === 0 ? 9000 : 1);
        expected += text;
        await queue.write(at % 3 === 0 ? first : second, Buffer.from(text));
        if (at % 5 === 0) await queue.flush();
        else await new Promise(setImmediate);
      }
      await queue.flush();
      expect(readFileSync(file, 'utf8')).toBe(expected);
    } finally {
      closeSync(first);
      closeSync(second);
      rmSync(file);
    }
  });

  it('tells when the reader has gone', async () => {
    const descriptor = openSync('/dev/full', 'w');
    try {
      const queue = new OutputQueue();
      await queue.write(descriptor, Buffer.from('x'));
      await expect(queue.flush()).rejects.toThrow('ENOSPC');
      await expect(queue.write(descriptor, Buffer.from('y'))).rejects.toThrow('ENOSPC');
    } finally {
      closeSync(descriptor);
    }
  });
});
