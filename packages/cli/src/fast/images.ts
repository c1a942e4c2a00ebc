import { listImages } from '@strata/engine/queries';
import { createDatabases } from '@strata/host/database';
import type { Handler } from '../context.ts';
import { shownFields } from '../format/table.ts';
import { imageDigestView, imageRows, imageView } from '../views/image-view.ts';
import { readFilters } from './filters.ts';

/** `strata images`. */
export const handler: Handler = async ({ flags, args, settings }) => {
  const filters = readFilters(flags, 'filter', ['dangling', 'label', 'reference']);
  const reference = args[0] ?? filters.get('reference')?.at(-1);
  const dangling = filters.get('dangling')?.at(-1);
  const labels = filters.get('label');
  const images = listImages(createDatabases(), settings.root, {
    all: flags.bool('all'),
    ...(reference === undefined ? {} : { reference }),
    ...(dangling === undefined ? {} : { dangling: dangling === 'true' || dangling === '1' }),
    ...(labels === undefined ? {} : { labels }),
  });
  const quiet = flags.bool('quiet');
  const format = flags.string('format');
  const view = flags.bool('digests') ? imageDigestView : imageView;
  const only = settings.json ? undefined : shownFields(view, { format, quiet });
  const options = { noTrunc: flags.bool('no-trunc'), now: Date.now(), only };
  const rows = images.flatMap((image) => imageRows(image, options).slice(0, quiet ? 1 : undefined));
  return { output: { kind: 'table', rows, view, format, quiet } };
};
