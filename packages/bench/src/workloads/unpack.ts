import { seconds, timed, type Workload } from './workload.ts';

export const unpack: Workload = {
  id: 'unpack',
  title: 'Unpack an image',
  tells:
    'From compressed layers in the store to a stack ready to run, durable on disk: what a pull waits for once the bytes are here.',
  metrics: [seconds('unpack', 'all layers')],
  cache: 'warm: the blobs were just written',
  needsImage: true,
  async open(subject, signal) {
    return {
      async run() {
        const image = await subject.reloadImage();
        const { images } = await subject.engine();
        await subject.rest();
        return { unpack: await timed(() => images.unpack(image, { storage: subject.id, signal })) };
      },
    };
  },
};
