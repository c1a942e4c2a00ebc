/** All that a tree is, as comparable text: one line of facts per path, raw names as latin1. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Tree } from '@strata/core';

export type TreePicture = ReadonlyMap<string, string>;

/** Bookkeeping of the kernel, not content. */
const HIDDEN_XATTR = /^(trusted\.overlay\.|user\.overlay\.|security\.selinux$)/;
const TYPES = { 1: 'fifo', 2: 'char', 4: 'dir', 6: 'block', 8: 'file', 10: 'link', 12: 'socket' };

export interface PictureOptions {
  /** Leave the times of directories out: copying or unpacking below touches them. */
  readonly ignoreDirectoryTimes?: boolean;
}

export function takePicture(tree: Tree, directory: string, options: PictureOptions = {}): TreePicture {
  const picture = new Map<string, string>();
  const firstName = new Map<bigint, string>();
  const visit = (path: Buffer): void => {
    const absolute = Buffer.concat([Buffer.from(`${directory}/`), path]);
    const stat = lstatSync(absolute, { bigint: true });
    const name = path.toString('latin1');
    const type = typeOf(stat);
    const facts: Record<string, unknown> = {
      type,
      mode: (Number(stat.mode) & 0o7777).toString(8),
      owner: `${stat.uid}:${stat.gid}`,
      ...(type === 'dir' && options.ignoreDirectoryTimes ? {} : { mtime: String(stat.mtimeNs) }),
      ...(type === 'char' || type === 'block' ? { device: String(stat.rdev) } : {}),
      ...(type === 'link' ? { target: readlinkSync(absolute, 'latin1') } : {}),
      ...(type === 'file' ? { size: String(stat.size), content: digest(absolute) } : {}),
      ...attributes(tree, path),
    };
    if (type !== 'dir' && stat.nlink > 1n) {
      facts.links = String(stat.nlink);
      facts.sameAs = firstName.get(stat.ino) ?? name;
      if (!firstName.has(stat.ino)) firstName.set(stat.ino, name);
    }
    picture.set(name, JSON.stringify(facts));
    if (type !== 'dir') return;
    for (const child of readdirSync(absolute, 'buffer').sort(Buffer.compare)) {
      visit(name === '.' ? child : Buffer.concat([path, Buffer.from('/'), child]));
    }
  };
  visit(Buffer.from('.'));
  return picture;
}

/** Only the paths that differ are in the message. */
export function assertSamePicture(actual: TreePicture, expected: TreePicture, message: string): void {
  const differences: string[] = [];
  for (const path of new Set([...expected.keys(), ...actual.keys()])) {
    const [is, should] = [actual.get(path), expected.get(path)];
    if (is !== should) differences.push(`${JSON.stringify(path)}\n  is        ${is}\n  should be ${should}`);
  }
  assert.equal(
    differences.length,
    0,
    `${message}: ${differences.length} differences\n${differences.slice(0, 5).join('\n')}`,
  );
}

function typeOf(stat: BigIntStats): string {
  return TYPES[(Number(stat.mode) >> 12) as keyof typeof TYPES] ?? 'unknown';
}

function digest(path: Buffer): string {
  return createHash('sha1').update(readFileSync(path)).digest('hex');
}

function attributes(tree: Tree, path: Buffer): { xattrs?: Record<string, string> } {
  const visible = [...tree.xattrs(path)].filter(([name]) => !HIDDEN_XATTR.test(name)).sort();
  if (visible.length === 0) return {};
  return { xattrs: Object.fromEntries(visible.map(([name, value]) => [name, value.toString('hex')])) };
}
