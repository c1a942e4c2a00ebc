import { expect, it } from 'vitest';
import { withInventedName } from '../../src/containers/names.ts';
import { nameTaken } from '../../src/containers/state/container-store.ts';

it('an invented name that somebody took meanwhile is replaced, a chosen one is refused', async () => {
  let tries = 0;
  const make = async () => {
    if (tries++ === 0) throw nameTaken('calm_bohr', 'f'.repeat(64));
    return tries;
  };
  expect(await withInventedName(undefined, make)).toBe(2);
  tries = 0;
  await expect(withInventedName('calm_bohr', make)).rejects.toMatchObject({ code: 'CONTAINER_NAME_TAKEN' });
});
