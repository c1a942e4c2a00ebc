import { canonicalName, familiarName, formatReference, parseReference, withDefaultTag } from '@strata/oci';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const hex = 'a'.repeat(64);

test.each([
  ['debian', 'docker.io/library/debian', 'debian'],
  ['debian:12', 'docker.io/library/debian:12', 'debian:12'],
  ['owner/name', 'docker.io/owner/name', 'owner/name'],
  ['docker.io/debian', 'docker.io/library/debian', 'debian'],
  ['index.docker.io/library/debian', 'docker.io/library/debian', 'debian'],
  ['localhost/x', 'localhost/x', 'localhost/x'],
  ['localhost:5000/a/b:t', 'localhost:5000/a/b:t', 'localhost:5000/a/b:t'],
  ['[::1]:5000/a:t', '[::1]:5000/a:t', '[::1]:5000/a:t'],
  ['[fd00:1:2::3]/a', '[fd00:1:2::3]/a', '[fd00:1:2::3]/a'],
  ['ghcr.io/a/b-c.d_e__f---g:V1', 'ghcr.io/a/b-c.d_e__f---g:V1', 'ghcr.io/a/b-c.d_e__f---g:V1'],
  ['Host/a', 'Host/a', 'Host/a'],
  [`debian:12@sha256:${hex}`, `docker.io/library/debian:12@sha256:${hex}`, `debian:12@sha256:${hex}`],
  [`127.0.0.1:5055/x@sha256:${hex}`, `127.0.0.1:5055/x@sha256:${hex}`, `127.0.0.1:5055/x@sha256:${hex}`],
  ['a'.repeat(63), `docker.io/library/${'a'.repeat(63)}`, 'a'.repeat(63)],
  [`x/${'a'.repeat(253)}`, `docker.io/x/${'a'.repeat(253)}`, `x/${'a'.repeat(253)}`],
])('%s is %s', (text, full, familiar) => {
  const reference = parseReference(text);
  expect(formatReference(reference)).toBe(full);
  expect(familiarName(reference)).toBe(familiar);
  expect(parseReference(familiarName(reference))).toEqual(reference);
});

test.each([
  ['', 'must not be empty'],
  [hex, 'image ID'],
  ['Debian', "try 'debian'"],
  ['ghcr.io/Owner/name', 'lower case'],
  ['a//b', 'not a repository name'],
  ['-a', 'not a repository name'],
  ['a..b', 'not a repository name'],
  ['a_', 'not a repository name'],
  ['a:', 'is not a tag'],
  ['a:-x', 'is not a tag'],
  [`a:${'x'.repeat(129)}`, 'is not a tag'],
  ['a:b:c', 'is not a tag'],
  ['a@sha256:abc', 'is not a digest'],
  [`a@sha256:${'A'.repeat(64)}`, 'is not a digest'],
  ['a@sha256:../../../etc/passwd', 'not a registry host'],
  ['x.io/a@sha256:../../../etc/passwd', 'is not a digest'],
  [`a@md5:${hex}`, 'is not a digest'],
  ['host.io/', 'repository name is empty'],
  ['docker.io/', 'repository name is empty'],
  ['host:99999/a', 'not a registry host'],
  ['-h.io/a', 'not a registry host'],
  ['[::1/a', 'not a registry host'],
  ['http://a.io/b', 'not a registry host'],
  ['a.io/b c', 'not a repository name'],
  ['a.io/../b', 'not a repository name'],
  ['a\n', 'not a repository name'],
  [`x/${'a'.repeat(254)}`, 'longer than 255'],
  [`${'a/'.repeat(600)}a`, 'longer than 1024'],
])('%.60j is refused', (text, why) => {
  const error = (() => {
    try {
      parseReference(text);
    } catch (e) {
      return e as { code: string; message: string; hint: string };
    }
    return undefined;
  })();
  expect(error?.code).toBe('REFERENCE_INVALID');
  expect(`${error?.message} ${error?.hint}`).toContain(why);
});

test('the stored name is pinned by a digest, else by a tag', () => {
  expect(canonicalName(parseReference('debian'))).toBe('docker.io/library/debian:latest');
  expect(canonicalName(parseReference(`debian:12@sha256:${hex}`))).toBe(
    `docker.io/library/debian@sha256:${hex}`,
  );
  expect(withDefaultTag(parseReference('debian')).tag).toBe('latest');
  expect(withDefaultTag(parseReference(`debian@sha256:${hex}`)).tag).toBeUndefined();
});

test('any text is either refused or read back the same', () => {
  const pieces = fc.array(
    fc.constantFrom('a', 'B', '1', '.', '_', '-', '/', ':', '@', '[', ']', 'sha256:', hex, 'localhost'),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        pieces.map((list) => list.join('')),
      ),
      (text) => {
        try {
          const reference = parseReference(text);
          expect(parseReference(formatReference(reference))).toEqual(reference);
          expect(parseReference(familiarName(reference))).toEqual(reference);
        } catch (error) {
          expect((error as { code: string }).code).toBe('REFERENCE_INVALID');
        }
      },
    ),
    { numRuns: 2000 },
  );
});
