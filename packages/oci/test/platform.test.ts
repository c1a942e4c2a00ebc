import {
  digestOf,
  formatPlatform,
  type ImageIndex,
  mediaTypes,
  parsePlatform,
  selectManifest,
} from '@strata/oci';
import { expect, test } from 'vitest';

test.each([
  ['linux/amd64', 'linux/amd64'],
  ['linux/x86_64', 'linux/amd64'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/6', 'linux/arm/v6'],
  ['linux/aarch64/v8', 'linux/arm64'],
  ['linux/armhf', 'linux/arm/v7'],
  ['arm64', 'linux/arm64'],
])('%s is %s', (text, normal) => {
  expect(formatPlatform(parsePlatform(text))).toBe(normal);
});

test.each(['', 'linux/', 'a/b/c/d', 'linux/am d64', 'linux/../x'])('%j is refused', (text) => {
  expect(() => parsePlatform(text)).toThrow('invalid platform');
});

function indexOf(...platforms: (string | undefined)[]): ImageIndex {
  const manifests = platforms.map((text, n) => {
    const [os = '', architecture = '', variant] = text?.split('/') ?? [];
    const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
    return {
      mediaType: mediaTypes.ociManifest,
      digest: digestOf(`${n}`),
      size: n,
      ...(text === undefined ? {} : { platform }),
    };
  });
  return { kind: 'index', mediaType: mediaTypes.ociIndex, manifests, annotations: {} };
}
const chosen = (wanted: string, ...platforms: (string | undefined)[]) =>
  selectManifest(indexOf(...platforms), parsePlatform(wanted), 'x').size;

test('the best variant wins, whatever the order', () => {
  expect(chosen('linux/arm/v7', 'linux/arm/v5', 'linux/arm/v7', 'linux/arm/v6')).toBe(1);
  expect(chosen('linux/arm/v6', 'linux/arm/v7', 'linux/arm/v5')).toBe(1);
  expect(chosen('linux/arm64', 'linux/amd64', 'linux/arm64/v8')).toBe(1);
  expect(chosen('linux/amd64', 'linux/amd64/v3', 'linux/amd64')).toBe(1);
  expect(chosen('linux/amd64', 'linux/amd64', 'linux/amd64')).toBe(0);
});

test('attestations are no images, and an entry without a platform comes last', () => {
  expect(chosen('linux/amd64', 'unknown/unknown', 'linux/amd64')).toBe(1);
  expect(chosen('linux/amd64', undefined, 'linux/amd64')).toBe(1);
  expect(chosen('linux/amd64', 'linux/arm64', undefined)).toBe(1);
});

test('a missing platform names those there are', () => {
  expect(() => chosen('linux/amd64', 'linux/arm64', 'unknown/unknown')).toThrow(
    expect.objectContaining({
      code: 'PLATFORM_NOT_FOUND',
      hint: 'it has linux/arm64: choose one with --platform',
    }),
  );
  expect(() => chosen('linux/amd64')).toThrow(expect.objectContaining({ hint: 'its index is empty' }));
});
