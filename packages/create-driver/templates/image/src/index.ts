import { type DriverDefinition, noOptions } from '@strata/core';
import { ExampleImageStore } from './example-image-store.ts';

export default {
  kind: 'image',
  id: 'example',
  apiVersion: 1,
  summary: 'blobs as files named by digest, references in one JSON file',
  options: noOptions,
  probe: async ({ root, host }) => {
    try {
      await host.files.writeAtomic(`${root}/.probe`, '');
      await host.files.removeTree(`${root}/.probe`);
      return { supported: true };
    } catch (error) {
      const reason = `cannot write in ${root}: ${(error as Error).message}`;
      return { supported: false, reason, hint: 'Run as root, with --root on a writable filesystem' };
    }
  },
  create: ({ root, host }) => ExampleImageStore.open(root, host),
} satisfies DriverDefinition<'image', Record<string, never>>;
