/** One of many processes that tag and untag the same image in one store. */
import { join } from 'node:path';
import imageLocal from '@strata/driver-image-local';
import overlay from '@strata/driver-layer-overlay';
import { createHost } from '@strata/host';
import { createEngine } from '../../src/index.ts';

const [base = '', reference = '', name = '', rounds = ''] = process.argv.slice(2);
await using engine = createEngine({
  root: join(base, 'root'),
  run: join(base, 'run'),
  host: createHost(),
  drivers: [overlay, imageLocal],
});
for (let round = 0; round < Number(rounds); round++) {
  await engine.images.tag(reference, `${name}:own`);
  await engine.images.tag(reference, 'shared:1');
  await engine.images.list();
  await engine.images.remove(`${name}:own`);
}
process.stdout.write('done');
