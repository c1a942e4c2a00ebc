import { createHash } from 'node:crypto';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Host, isStrataError } from '@strata/core';
import { NativeInflater } from '@strata/host';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ByteSource,
  DEFAULT_LIMITS,
  decompressed,
  type TarEntry,
  type TarLimits,
  TarReader,
} from '../src/index.ts';
import { codeOf, host } from './support/sandbox.ts';
import { END, file, header, inChunks, member, padded, paxRecord, tar } from './support/tar-bytes.ts';

interface Read extends TarEntry {
  readonly body: Buffer;
}

type Options = { chunk?: number; limits?: Partial<TarLimits> };

/** ISA-L where it is installed, which set-up sees to, and the zlib inside Node. */
const inflaters: readonly Host['inflater'][] = [host.inflater, () => new NativeInflater(1)];

it('ISA-L, which set-up installs, is used and said to be fast; zlib is not', () => {
  expect(inflaters.map((inflater) => inflater?.().fast)).toEqual([true, false]);
});

/** By Node's streams and by the inflaters; all must tell the same. */
async function readTar(bytes: Buffer, options: Options = {}): Promise<Read[]> {
  const beside = readWith(bytes, options, undefined);
  const expected = await beside.catch(codeOf);
  for (const inflater of inflaters)
    expect(await readWith(bytes, options, inflater).catch(codeOf)).toEqual(expected);
  return beside;
}

async function readWith(bytes: Buffer, options: Options, inflater: Host['inflater']): Promise<Read[]> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const plain = decompressed(inChunks(bytes, options.chunk), undefined, inflater?.());
  const source = new ByteSource(plain, limits.maxBytes);
  try {
    const reader = new TarReader(source, limits);
    const entries: Read[] = [];
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
      const pieces: Buffer[] = [];
      for (let piece = await reader.read(1000); piece.length > 0; piece = await reader.read(1000))
        pieces.push(Buffer.from(piece));
      entries.push({ ...entry, body: Buffer.concat(pieces) });
    }
    await source.drain();
    return entries;
  } finally {
    await source.close();
  }
}

const names = async (bytes: Buffer) => (await readTar(bytes)).map((e) => e.name.toString('latin1'));
const failing = (bytes: Buffer, limits: Partial<TarLimits> = {}) =>
  readTar(bytes, { limits }).then((entries) => `read ${entries.length}`, codeOf);
const extended = (type: string, body: Buffer, size = body.length) =>
  Buffer.concat([header({ name: 'x', type, size }), padded(body)]);

describe('tar reader: T13 headers', () => {
  it('takes the PAX size for the body, so that nothing can be smuggled behind it', async () => {
    const inner = tar(file('smuggled', 'evil')).subarray(0, 1024);
    const archive = tar(file('outer', inner, { size: 0, pax: { size: String(inner.length) } }), file('last'));
    expect(await names(archive)).toEqual(['outer', 'last']);
  });

  it('gives links, directories and nodes no body, as Go does', async () => {
    expect(await names(tar({ name: 'd/', type: '5', size: 512 }, file('next', 'x')))).toEqual(['d/', 'next']);
  });

  it.each([
    ['a negative size', tar(file('x', '', { size: -1 }))],
    ['a negative PAX size', tar(file('x', '', { pax: { size: '-1' } }))],
    [
      'a size beyond 2^53',
      tar(file('x', '', { patch: { 124: Buffer.from('80ffffffffffffffffffffff', 'hex') } })),
    ],
    ['a PAX size beyond 2^53', tar(file('x', '', { pax: { size: '9007199254740993' } }))],
    ['a size in letters', tar(file('x', '', { patch: { 124: Buffer.from('0000000zzzz\0') } }))],
    ['a NUL in path', tar(file('x', '', { pax: { path: 'a\0b' } }))],
    ['a NUL in linkpath', tar(file('x', '', { pax: { linkpath: 'a\0b' } }))],
    ['a wrong checksum', tar(file('x', '', { badChecksum: true }))],
    ['a PAX record that is too long', tar(extended('x', Buffer.from('99 path=a\n')), file('x'))],
    ['a PAX record without newline', tar(extended('x', Buffer.from('9 path=ab')), file('x'))],
    ['a PAX record without =', tar(extended('x', Buffer.from('7 path\n')), file('x'))],
    ['a PAX record of length 0', tar(extended('x', Buffer.from('0 path=a\n')), file('x'))],
    ['a global header that is broken', tar(extended('g', Buffer.from('junk')), file('x'))],
    ['1 GiB of PAX', tar(extended('x', Buffer.alloc(0), 2 ** 30))],
    ['1 GiB of GNU long name', tar(extended('L', Buffer.alloc(0), 2 ** 30))],
    ['1 GiB of GNU long link', tar(extended('K', Buffer.alloc(0), 2 ** 30))],
    ['a negative GNU long name', tar(extended('L', Buffer.alloc(0), -512))],
    ['a PAX time in words', tar(file('x', '', { pax: { mtime: 'now' } }))],
    ['plain text', Buffer.from('this is not a tar archive, '.repeat(40))],
    ['a zero block in the middle', Buffer.concat([Buffer.alloc(512), tar(file('x'))])],
  ])('refuses %s', async (_, archive) => {
    expect(await failing(archive)).toBe('LAYER_BAD_HEADER');
  });

  it('reads 100 000 short PAX records within the cap', async () => {
    const body = Buffer.concat(Array.from({ length: 100_000 }, () => paxRecord('k', 'v')));
    expect(body.length).toBeLessThan(2 ** 20);
    expect(await names(tar(extended('x', body), file('x')))).toEqual(['x']);
  });

  it('ignores what a global header says about names', async () => {
    const body = paxRecord('path', 'elsewhere');
    expect(await names(tar(extended('g', body), file('x')))).toEqual(['x']);
  });

  it('lets the last of several extended headers stand, and an empty value take a record back', async () => {
    const twice = [extended('x', paxRecord('path', 'one')), extended('x', paxRecord('path', 'two'))];
    expect(await names(tar(...twice, file('x')))).toEqual(['two']);
    expect(await names(tar(file('own', '', { pax: { path: '' } })))).toEqual(['own']);
  });

  it('reads GNU long names and links', async () => {
    const long = 'n'.repeat(300);
    const archive = tar(extended('L', Buffer.from(`${long}\0`)), extended('K', Buffer.from(`${long}k\0`)), {
      name: 'x',
      type: '2',
    });
    const [entry] = await readTar(archive);
    expect([entry!.name.toString(), entry!.linkName.toString()]).toEqual([long, `${long}k`]);
  });

  it('joins ustar prefixes, also under the GNU magic of old writers, but not GNU times', async () => {
    expect(await names(tar(file('b', '', { prefix: 'a' })))).toEqual(['a/b']);
    expect(await names(tar(file('b', '', { prefix: 'dir/ectory', magic: 'ustar  \0' })))).toEqual([
      'dir/ectory/b',
    ]);
    expect(await names(tar(file('b', '', { prefix: '14000000000\0', magic: 'ustar  \0' })))).toEqual(['b']);
    expect(await names(tar(file('b', '', { magic: '\0\0\0\0\0\0\0\0', prefix: 'no' })))).toEqual(['b']);
  });

  it('reads base-256 and PAX numbers and times', async () => {
    const [a, b] = await readTar(
      tar(file('a', '', { uid: 2 ** 31, mtime: -5 }), file('b', '', { pax: { mtime: '-1.5', uid: '7' } })),
    );
    expect([a!.uid, a!.mtimeNs]).toEqual([2 ** 31, -5_000_000_000n]);
    expect([b!.uid, b!.mtimeNs]).toEqual([7, -1_500_000_000n]);
    const [c] = await readTar(tar(file('c', '', { pax: { mtime: '1700000000.0123456789' } })));
    expect(c!.mtimeNs).toBe(1_700_000_000_012_345_678n);
  });

  it('keeps attribute values as bytes', async () => {
    const value = Buffer.from([0, 1, 255, 10, 61]);
    const [entry] = await readTar(
      tar(
        file('x', '', {
          xattrs: { 'security.capability': value },
          pax: { 'LIBARCHIVE.xattr.user.a%20b': 'AP8=' },
        }),
      ),
    );
    expect(entry!.xattrs.get('security.capability')).toEqual(value);
    expect(entry!.xattrs.get('user.a b')).toEqual(Buffer.from([0, 255]));
  });

  it('takes an old header that ends in a slash for a directory', async () => {
    const [entry] = await readTar(tar({ name: 'old/', type: '\0', magic: '\0\0\0\0\0\0\0\0' }));
    expect(entry!.type).toBe('directory');
  });
});

describe('tar reader: T14 sparse files', () => {
  const sparse10 = (map: string, data: string, realSize: number) =>
    file('GNUSparse/x', Buffer.concat([padded(Buffer.from(map)), Buffer.from(data)]), {
      pax: {
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.name': 'x',
        'GNU.sparse.realsize': String(realSize),
      },
    });

  it('reads PAX 1.0, 0.1 and 0.0 alike', async () => {
    const archives = [
      tar(sparse10('2\n0\n3\n100\n2\n', 'abcde', 200)),
      tar(
        file('y', 'abcde', {
          pax: {
            'GNU.sparse.map': '0,3,100,2',
            'GNU.sparse.size': '200',
            'GNU.sparse.name': 'x',
            'GNU.sparse.numblocks': '2',
          },
        }),
      ),
      tar(
        file('x', 'abcde', {
          pax: [
            ['GNU.sparse.size', '200'],
            ['GNU.sparse.numblocks', '2'],
            ['GNU.sparse.offset', '0'],
            ['GNU.sparse.numbytes', '3'],
            ['GNU.sparse.offset', '100'],
            ['GNU.sparse.numbytes', '2'],
          ],
        }),
      ),
    ];
    for (const archive of archives) {
      const [entry] = await readTar(archive);
      expect(entry).toMatchObject({
        size: 200,
        sparse: [
          { offset: 0, length: 3 },
          { offset: 100, length: 2 },
        ],
      });
      expect([entry!.name.toString(), entry!.body.toString()]).toEqual(['x', 'abcde']);
    }
  });

  it.each([
    ['10^7 regions', `10000000\n${'0\n1\n'.repeat(100)}`, 'a', 10],
    ['overlapping regions', '2\n0\n3\n2\n2\n', 'abcde', 200],
    ['regions beyond the file', '1\n0\n5\n', 'abcde', 4],
    ['regions beyond the data', '1\n0\n9\n', 'abcde', 200],
    ['more data than regions', '1\n0\n3\n', 'abcde', 200],
    ['a negative region', '1\n-5\n5\n', 'abcde', 200],
    ['a map in words', 'two\n0\n3\n', 'abcde', 200],
    ['a map of one endless number', '9'.repeat(600), 'abcde', 200],
  ])('refuses %s', async (_, map, data, size) => {
    expect(await failing(tar(sparse10(map, data, size)))).toBe('LAYER_BAD_HEADER');
  });

  it('refuses 8 EiB with a little data', async () => {
    expect(await failing(tar(sparse10('1\n0\n1024\n', 'a'.repeat(1024), 2 ** 52)))).toBe('LAYER_TOO_LARGE');
    expect(await failing(tar(sparse10('1\n0\n1024\n', 'a'.repeat(1024), 2 ** 63)))).toBe('LAYER_BAD_HEADER');
  });

  it('refuses an old GNU map that goes on for more than 1 MiB', async () => {
    const more = Buffer.alloc(512);
    more[504] = 1;
    const archive = Buffer.concat([
      header({ name: 'x', type: 'S', patch: { 482: Buffer.from([1]) } }),
      ...Array(2100).fill(more),
    ]);
    expect(await failing(archive)).toBe('LAYER_BAD_HEADER');
  });
});

describe('tar reader: T15 compression', () => {
  const archive = tar(file('a', 'x'.repeat(3000)), file('b', 'y'));

  it.each([
    ['plain', archive],
    ['gzip', gzipSync(archive)],
    ['zstd', zstdCompressSync(archive)],
    [
      'gzip with many members',
      Buffer.concat([gzipSync(archive.subarray(0, 1000)), gzipSync(archive.subarray(1000))]),
    ],
    [
      'zstd with many frames',
      Buffer.concat([zstdCompressSync(archive.subarray(0, 1000)), zstdCompressSync(archive.subarray(1000))]),
    ],
    [
      'zstd after a skippable frame',
      Buffer.concat([Buffer.from('502a4d180400000061626364', 'hex'), zstdCompressSync(archive)]),
    ],
    ['gzip padded with zeros', Buffer.concat([gzipSync(archive), Buffer.alloc(1000)])],
  ])('reads %s', async (_, blob) => {
    for (const chunk of [1, 7, 512, 2 ** 20]) {
      const entries = await readTar(blob, { chunk });
      expect(entries.map((e) => `${e.name}:${e.body.length}`)).toEqual(['a:3000', 'b:1']);
    }
  });

  it('undoes gzip where it is, whatever the sizes of members and chunks', async () => {
    const bytes = Buffer.concat(Array.from({ length: 60_000 }, (_, i) => Buffer.from(`${i * i} `)));
    for (const size of [2 ** 18 - 1, 2 ** 18, 2 ** 18 + 1, bytes.length]) {
      const members: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += size) members.push(gzipSync(bytes.subarray(at, at + size)));
      for (const chunk of [1000, 2 ** 16, 2 ** 20]) {
        for (const inflater of inflaters) {
          const hash = createHash('sha256');
          const input = inChunks(Buffer.concat(members), chunk);
          for await (const piece of decompressed(input, undefined, inflater?.())) hash.update(piece);
          expect(hash.digest('hex')).toBe(createHash('sha256').update(bytes).digest('hex'));
        }
      }
    }
  });

  it.each([
    ['cut gzip', gzipSync(archive).subarray(0, 40), 'LAYER_TRUNCATED'],
    ['cut zstd', zstdCompressSync(archive).subarray(0, 30), 'LAYER_TRUNCATED'],
    [
      'gzip with garbage after it',
      Buffer.concat([gzipSync(archive), Buffer.from('garbage!')]),
      'LAYER_BAD_COMPRESSION',
    ],
    [
      'zstd with garbage after it',
      Buffer.concat([zstdCompressSync(archive), Buffer.from('garbage!')]),
      'LAYER_BAD_COMPRESSION',
    ],
    ['gzip with a wrong checksum', flipped(gzipSync(archive), -6), 'LAYER_BAD_COMPRESSION'],
    ['xz', Buffer.from('fd377a585a00000000', 'hex'), 'LAYER_COMPRESSION_UNSUPPORTED'],
    ['bzip2', Buffer.from('BZh91AY'), 'LAYER_COMPRESSION_UNSUPPORTED'],
    ['zstd with a 2 GiB window', Buffer.from('28b52ffd00a8010000', 'hex'), 'LAYER_BAD_COMPRESSION'],
  ])('refuses %s', async (_, blob, code) => {
    expect(await failing(blob)).toBe(code);
  });

  it('stops a bomb at the limit', async () => {
    const bomb = gzipSync(tar(file('zeros', Buffer.alloc(64 * 2 ** 20))));
    expect(await failing(bomb, { maxBytes: 2 ** 20 })).toBe('LAYER_TOO_LARGE');
    expect(
      await failing(tar(...Array.from({ length: 20 }, (_, i) => file(`f${i}`))), { maxEntries: 10 }),
    ).toBe('LAYER_TOO_LARGE');
  });
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = copy.length + at;
  copy[index] = copy[index]! ^ 0xff;
  return copy;
}

describe('tar reader: T16 truncation and trailing data', () => {
  const archive = tar(
    file('a', 'x'.repeat(1500)),
    { name: 'd', type: '5' },
    file('long', 'z', { pax: { mtime: '1.5' } }),
  );

  it('at every length: the entries before it, or LAYER_TRUNCATED', async () => {
    const whole = await names(archive);
    for (let length = 0; length <= archive.length; length += 128) {
      const cut = archive.subarray(0, length);
      const outcome = await names(cut).catch(codeOf);
      if (typeof outcome === 'string') expect(outcome, `${length}`).toBe('LAYER_TRUNCATED');
      else expect(whole.slice(0, outcome.length), `${length}`).toEqual(outcome);
      const insideBody = length > 512 && length < 512 + 1500;
      if (insideBody) expect(outcome).toBe('LAYER_TRUNCATED');
    }
  });

  it('hashes everything, also what follows the end mark', async () => {
    const withTrailer = Buffer.concat([archive, Buffer.from('trailer'.repeat(5000))]);
    const source = new ByteSource(inChunks(withTrailer, 100), 2 ** 30);
    const reader = new TarReader(source, DEFAULT_LIMITS);
    while ((await reader.next()) !== undefined);
    await source.drain();
    expect(source.total).toBe(withTrailer.length);
    expect(source.digest()).toBe(`sha256:${createHash('sha256').update(withTrailer).digest('hex')}`);
  });

  it('reads an empty stream as an empty archive', async () => {
    expect(await names(Buffer.alloc(0))).toEqual([]);
    expect(await names(END)).toEqual([]);
  });
});

describe('tar reader: fuzz', () => {
  const seed = tar(
    file('a', 'x'.repeat(700), { xattrs: { 'user.a': 'b' } }),
    extendedSparse(),
    { name: 'l', type: '2', link: 'a' },
    file('n'.repeat(150), 'y'),
  );

  it('never fails with anything but a StrataError', async () => {
    const edit = fc.record({ at: fc.nat(seed.length - 1), value: fc.nat(255) });
    const property = fc.asyncProperty(
      fc.array(edit, { maxLength: 6 }),
      fc.boolean(),
      fc.nat(seed.length),
      async (edits, fix, cut) => {
        const bytes = Buffer.from(seed);
        for (const { at, value } of edits) bytes[at] = value;
        if (fix) repairChecksums(bytes);
        await onlyStrataErrors(readTar(bytes.subarray(0, seed.length - (cut % 3 === 0 ? cut : 0))));
      },
    );
    await fc.assert(property, { numRuns: 1500 });
  });

  it('nor for any bytes behind a magic', async () => {
    const magics = [Buffer.alloc(0), Buffer.from('1f8b08', 'hex'), Buffer.from('28b52ffd', 'hex')];
    const property = fc.asyncProperty(
      fc.constantFrom(...magics),
      fc.uint8Array({ maxLength: 2000 }),
      async (magic, rest) => {
        await onlyStrataErrors(readTar(Buffer.concat([magic, rest])));
      },
    );
    await fc.assert(property, { numRuns: 500 });
  });
});

function extendedSparse(): Buffer {
  return member(file('y', 'abcde', { pax: { 'GNU.sparse.map': '0,3,100,2', 'GNU.sparse.size': '200' } }));
}

/** So that edits reach what is behind the checksum. */
function repairChecksums(bytes: Buffer): void {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    bytes.fill(' ', at + 148, at + 156);
    const sum = bytes.subarray(at, at + 512).reduce((a, b) => a + b, 0);
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
}

async function onlyStrataErrors(reading: Promise<unknown>): Promise<void> {
  const error = await reading.then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error !== undefined && !isStrataError(error)) throw error;
}
