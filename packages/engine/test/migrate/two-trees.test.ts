import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createHost } from '@strata/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mirrorTree } from '../../src/migrate/mirror-tree.ts';
import { Pulse } from '../../src/migrate/pulse.ts';
import { verifyTree } from '../../src/migrate/verify-tree.ts';

const original = `
mkdir -p d/e; printf content > f; printf x > g; ln g h; printf y > i; mkfifo p; mknod n c 1 3; ln -s t l
setfattr -n user.a -v 1 f; touch -d '2020-01-01 00:00:00.000000001' f d/e d
`;
/** Each makes one difference that must not go unseen. */
const differences: readonly string[] = [
  'printf CONTENT > f; touch -d "2020-01-01 00:00:00.000000001" f',
  'printf longer-content > f',
  'touch -d "2020-01-01 00:00:00.000000002" f',
  'touch -d "2020-01-01 00:00:00.000000002" d/e',
  'chmod 4644 f',
  'chown 1:2 f',
  'chown -h 1:2 l',
  'setfattr -n user.a -v 2 f',
  'setfattr -n user.b -v 1 f',
  'setfattr -x user.a f',
  'setfattr -n trusted.t -v 1 d',
  'ln -sfn u l',
  'rm p; printf x > p',
  'rm n; mknod n c 1 5',
  'rm -r d',
  'rmdir d/e; printf x > d/e',
  'printf x > "$(printf "\\377")"',
  'cp -p h h2; mv h2 h',
  'cp -p i i.old; ln -f g i',
];

describe('two trees', () => {
  let base: string;
  const host = createHost();
  const pulse = new Pulse(new AbortController().signal);
  const shell = (name: string, script: string) => {
    mkdirSync(join(base, name), { recursive: true });
    execFileSync('sh', ['-ec', script], { cwd: join(base, name) });
  };
  const trees = () =>
    [host.files.openTree(join(base, 'source')), host.files.openTree(join(base, 'target'))] as const;

  beforeEach(() => {
    base = mkdtempSync('/dev/shm/strata-trees-');
    shell('source', original);
    execFileSync('cp', ['-a', join(base, 'source'), join(base, 'target')]);
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  it('are the same after cp -a', async () => {
    using source = trees()[0];
    using target = trees()[1];
    expect(await verifyTree(source, target, pulse)).toBe(10);
    expect(await mirrorTree(source, target, pulse)).toMatchObject({ changes: 0, bytes: 0 });
  });

  it.each(differences.flatMap((script) => [['source', script] as const, ['target', script] as const]))(
    'differ, and no longer once mirrored: in %s, %s',
    async (side, script) => {
      shell(side, script);
      using source = trees()[0];
      using target = trees()[1];
      await expect(verifyTree(source, target, pulse)).rejects.toMatchObject({ code: 'MIGRATE_MISMATCH' });
      await mirrorTree(source, target, pulse);
      expect(await verifyTree(source, target, pulse)).toBeGreaterThan(7);
    },
  );

  it('stop being compared when the caller gives up', async () => {
    using source = trees()[0];
    using target = trees()[1];
    const given = new Pulse(AbortSignal.abort());
    await new Promise((resolve) => setTimeout(resolve, 60));
    await expect(mirrorTree(source, target, given)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
