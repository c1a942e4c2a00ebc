import { ByteSource, DEFAULT_LIMITS, encodeHeader, TarReader } from '@strata/archive';
import { describe, expect, it } from 'vitest';
import { parseEndpoint, place } from '../src/copy/endpoints.ts';
import { renameArchive } from '../src/copy/rename-archive.ts';

describe('endpoints', () => {
  it.each([
    ['c:/x', { kind: 'container', container: 'c', path: '/x' }],
    ['c:x:y', { kind: 'container', container: 'c', path: 'x:y' }],
    ['/a:b', { kind: 'local', path: '/a:b' }],
    ['./a:b', { kind: 'local', path: './a:b' }],
    ['../a:b', { kind: 'local', path: '../a:b' }],
    [':x', { kind: 'local', path: ':x' }],
    ['plain', { kind: 'local', path: 'plain' }],
    ['-', { kind: 'pipe' }],
  ])('%s', (text, endpoint) => expect(parseEndpoint(text)).toEqual(endpoint));
});

describe("docker cp's cases", () => {
  const split = (path: string) => ({ directory: 'PARENT', name: path.replace(/\/.?$/, '') });
  const file = { isDirectory: false, contents: false, name: 'f' };
  const folder = { isDirectory: true, contents: false, name: 'd' };
  const contents = { isDirectory: true, contents: true, name: 'd' };
  it.each([
    [file, 'dst', 'directory', { directory: 'dst', name: 'f' }],
    [file, 'dst', 'other', { directory: 'PARENT', name: 'dst' }],
    [file, 'dst', 'missing', { directory: 'PARENT', name: 'dst' }],
    [file, 'dst/', 'missing', { problem: 'no such directory: dst/' }],
    [file, 'dst/', 'other', { problem: 'dst/ is not a directory' }],
    [folder, 'dst', 'directory', { directory: 'dst', name: 'd' }],
    [folder, 'dst', 'missing', { directory: 'PARENT', name: 'dst' }],
    [folder, 'dst/', 'missing', { directory: 'PARENT', name: 'dst' }],
    [folder, 'dst', 'other', { problem: 'cannot copy a directory over the file dst' }],
    [contents, 'dst', 'directory', { directory: 'dst', name: undefined }],
    [contents, 'dst', 'missing', { directory: 'PARENT', name: 'dst' }],
  ] as const)('%o to %s (%s)', (source, path, is, expected) => {
    expect(place({ source, destination: { path, is }, split })).toEqual(expected);
  });
});

const meta = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n };
function archive(
  ...entries: [name: string, type: 'file' | 'directory' | 'hardlink', text?: string][]
): Buffer {
  const parts = entries.flatMap(([name, type, text = '']) => {
    const body = Buffer.from(type === 'file' ? text : '');
    const link = type === 'hardlink' ? { linkName: Buffer.from(text) } : {};
    const header = encodeHeader({ ...meta, name: Buffer.from(name), type, size: body.length, ...link });
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

async function* bytes(buffer: Buffer) {
  yield buffer;
}

async function renamed(tar: Buffer, name: string | undefined) {
  const reader = new TarReader(
    new ByteSource(renameArchive(bytes(tar), name), DEFAULT_LIMITS.maxBytes),
    DEFAULT_LIMITS,
  );
  const list: string[] = [];
  for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
    const text = entry.type === 'file' ? (await reader.readAll()).toString() : entry.linkName.toString();
    list.push(`${entry.type} ${entry.name} ${text}`.trimEnd());
  }
  return list;
}

describe('renameArchive', () => {
  const tree = archive(['d/', 'directory'], ['d/a', 'file', 'hello'], ['d/b', 'hardlink', 'd/a']);

  it('moves everything along, hard links too', async () => {
    expect(await renamed(tree, 'new')).toEqual([
      'directory new/',
      'file new/a hello',
      'hardlink new/b new/a',
    ]);
    expect(await renamed(tree, undefined)).toEqual(['file a hello', 'hardlink b a']);
    expect(await renamed(archive(['f', 'file', 'x']), 'g')).toEqual(['file g x']);
  });

  it.each(['e/x', '../x', 'dx'])('refuses %s beside what was copied', async (name) => {
    await expect(renamed(archive(['d/', 'directory'], [name, 'file', 'x']), 'n')).rejects.toThrow(
      'beside what was copied',
    );
  });
});
