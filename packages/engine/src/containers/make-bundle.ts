/** The bundle: mountpoints in the root filesystem, generated files, config.json. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StrataError } from '@strata/core';
import type { Sandbox } from '../networks/sandbox.ts';
import type { EngineServices } from '../services.ts';
import { bindVolumes } from '../volumes/mount-volumes.ts';
import { lookupUser } from './rootfs/lookup-user.ts';
import { writeNetworkFiles } from './rootfs/network-files.ts';
import { readyRootfs } from './rootfs/ready-rootfs.ts';
import { devicesFor } from './spec/devices.ts';
import { generatedMounts, parentsFirst, systemMounts, userMounts } from './spec/mounts.ts';
import { namespacesFor, networkNamespace } from './spec/namespaces.ts';
import { ociSpec } from './spec/oci-spec.ts';
import type { NewContainer } from './state/container-store.ts';

/** Debian's tini and podman's catatonit are static; docker-init is what Docker ships. */
const initPrograms = ['tini-static', 'catatonit', 'docker-init', 'tini'];

export interface BundleInput {
  readonly container: NewContainer;
  readonly rootfs: string;
  readonly cgroupsPath: string | undefined;
  /** `undefined`: the engine made none. */
  readonly sandbox: Sandbox | undefined;
}

/** Writes `<run>/config.json`; returns warnings. */
export async function makeBundle(services: EngineServices, input: BundleInput): Promise<readonly string[]> {
  const { host, paths } = services;
  const { container, rootfs, cgroupsPath, sandbox } = input;
  const { id } = container;
  const config = await bindVolumes(services, container.config);
  const directory = paths.container(id);
  const run = paths.containerRun(id);
  await mkdir(run, { recursive: true, mode: 0o700 });
  const network = await networkNamespace(services, container, sandbox?.path);
  const targets = await readyRootfs(services, { id, config: container.config, rootfs });
  if (network.shared === undefined)
    writeNetworkFiles(directory, config, {
      sharesHost: network.namespace === 'host',
      connects: network.connects,
      attachments: sandbox?.attachments ?? [],
    });
  const files = network.shared === undefined ? directory : paths.container(network.shared.id);
  using tree = host.files.openTree(rootfs);
  const { spec, warnings } = await ociSpec({
    host,
    config,
    rootfs,
    user: lookupUser(tree, config.user, config.groupAdd),
    mounts: [
      ...systemMounts(config, await sharedMemory(services, container)),
      ...parentsFirst([...generatedMounts(files, targets, config), ...userMounts(config, targets)]),
    ],
    namespaces: namespacesFor(services, config, network),
    devices: devicesFor(config),
    cgroupsPath,
    init: config.init ? await initProgram(services) : undefined,
  });
  await writeFile(join(run, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
  return warnings;
}

/** /dev/shm that others may join is ours to mount; a private one the runtime mounts. */
async function sharedMemory(
  services: EngineServices,
  { id, config }: NewContainer,
): Promise<string | undefined> {
  if (config.ipc.startsWith('container:'))
    return join(services.paths.containerRun(config.ipc.slice('container:'.length)), 'shm');
  if (config.ipc !== 'shareable') return undefined;
  const directory = join(services.paths.containerRun(id), 'shm');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const options = ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${config.shmSize}`];
  await services.host.mounter.mount([{ type: 'tmpfs', source: 'shm', options }], directory);
  return directory;
}

async function initProgram(services: EngineServices): Promise<string> {
  for (const name of initPrograms) {
    const path = await services.host.exec.find(name);
    if (path !== undefined) return path;
  }
  throw new StrataError('unsupported', 'INIT_MISSING', 'There is no init program for --init on this host', {
    hint: 'Install tini: apt-get install tini',
  });
}
