/** One of several processes that pull the same image into one store. */
import { join } from 'node:path';
import imageLocal from '@strata/driver-image-local';
import overlay from '@strata/driver-layer-overlay';
import { createHost } from '@strata/host';
import { createEngine } from '../../src/index.ts';

const [base = '', reference = ''] = process.argv.slice(2);
const host = createHost();
await using engine = createEngine({
  root: join(base, 'root'),
  run: join(base, 'run'),
  host,
  drivers: [overlay, imageLocal],
});
const { name } = await engine.images.pull({ reference, storage: 'overlay' });
process.stdout.write(`${name}\n`);
await host.workers.close();
