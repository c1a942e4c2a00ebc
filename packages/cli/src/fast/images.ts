import { listImages } from '@strata/engine/queries';
import { createDatabases } from '@strata/host/database';
import type { Handler } from '../context.ts';
import { imageDigestView, imageRows, imageView } from '../views/image-view.ts';
import { readFilters } from './filters.ts';

/** `strata images`. */
export const handler: Handler = async ({ flags, args, settings }) => {
  const filters = readFilters(flags, 'filter', ['dangling', 'label', 'reference']);
  const reference = args[0] ?? filters.get('reference')?.at(-1);
  const dangling = filters.get('dangling')?.at(-1);
  const labels = filters.get('label');
  const images = listImages(createDatabases(), settings.root, {
    ...(reference === undefined ? {} : { reference }),
    ...(dangling === undefined ? {} : { dangling: dangling === 'true' || dangling === '1' }),
    ...(labels === undefined ? {} : { labels }),
  });
  const noTrunc = flags.bool('no-trunc');
  const quiet = flags.bool('quiet');
  const rows = images.flatMap((image) => imageRows(image, { noTrunc }).slice(0, quiet ? 1 : undefined));
  const view = flags.bool('digests') ? imageDigestView : imageView;
  return { output: { kind: 'table', rows, view, format: flags.string('format'), quiet } };
};
