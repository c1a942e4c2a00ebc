/** Run by tests as a process of its own: `root url digest size`; prints `found` or `wrote`. */
import type { Digest } from '@strata/core';
import { isBlobInfo } from '@strata/core';
import { createHost } from '@strata/host';
import definition from '../src/index.ts';

const [root = '', url = '', digest = '', size = ''] = process.argv.slice(2);
const host = createHost();
const store = await definition.create({
  root,
  runDirectory: root,
  host,
  log: host.log,
  options: {},
  signal: new AbortController().signal,
});
const writer = await store.ingest({ digest: digest as Digest, size: Number(size) });
if (isBlobInfo(writer)) process.stdout.write('found');
else {
  const response = await fetch(url);
  for await (const chunk of response.body!) await writer.write(chunk);
  await writer.commit();
  process.stdout.write('wrote');
}
await store.close();
