import {
  busyboxImage,
  createLoopFilesystem,
  debianImage,
  type LoopFilesystem,
  pushLayout,
  StrataHome,
} from '@strata/test-fixtures';
import { startRegistry } from '@strata/test-fixtures/registry';

export const gib = 1024 ** 3;

/** One ext4 filesystem in memory with a store on it, and, when asked for, a registry that holds the test images. */
export interface Stage extends AsyncDisposable {
  readonly filesystem: LoopFilesystem;
  readonly home: StrataHome;
}

export async function stage(
  options: { readonly btrfs?: boolean; readonly busybox?: boolean; readonly size?: number } = {},
): Promise<Stage> {
  const filesystem = await createLoopFilesystem({ type: 'ext4', size: options.size ?? 6 * gib });
  const home = new StrataHome(filesystem.directory);
  if (options.btrfs) await home.ok('storage', 'init', 'btrfs', '--size', '2G');
  if (options.busybox) await loadBusybox(home);
  return {
    filesystem,
    home,
    async [Symbol.asyncDispose]() {
      await home[Symbol.asyncDispose]();
      await filesystem.dispose();
    },
  };
}

/** `busybox:latest`, without a registry. */
export async function loadBusybox(home: StrataHome): Promise<void> {
  await home.ok('load', '-i', busyboxImage().layout);
  const [id] = (await home.ok('images', '-q')).split('\n');
  await home.ok('tag', id!, 'busybox:latest');
}

export interface RegistryStage extends AsyncDisposable {
  readonly address: string;
  readonly debian: string;
  readonly busybox: string;
}

/** Debian's docker-registry on loopback with both images pushed by skopeo. */
export async function registryStage(): Promise<RegistryStage> {
  const registry = await startRegistry();
  const debian = `${registry.address}/debian:test`;
  const busybox = `${registry.address}/busybox:test`;
  pushLayout(debianImage(), debian);
  pushLayout(busyboxImage(), busybox);
  return { address: registry.address, debian, busybox, [Symbol.asyncDispose]: async () => registry.stop() };
}
