/** An engine over real drivers and a busybox image made in a tmpfs, without registries. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import type { AnyDriverDefinition, Host } from '@strata/core';
import cgroupV1 from '@strata/driver-cgroup-v1';
import imageLocal from '@strata/driver-image-local';
import layerOverlay from '@strata/driver-layer-overlay';
import layerVfs from '@strata/driver-layer-vfs';
import networkHost from '@strata/driver-network-host';
import networkNone from '@strata/driver-network-none';
import runtimeOci from '@strata/driver-runtime-oci';
import { createHost } from '@strata/host';
import type { ContainersApi, CreateRequest, Session } from '../../src/api/containers.ts';
import type { ImageRunConfig, ResolvedImage } from '../../src/api/images.ts';
import { createContainersApi } from '../../src/containers/containers-api.ts';
import { compose } from '../../src/engine.module.ts';
import type { InternalServices } from '../../src/internal-services.ts';

export const drivers: readonly AnyDriverDefinition[] = [
  layerOverlay,
  layerVfs,
  imageLocal,
  cgroupV1,
  networkNone,
  networkHost,
  runtimeOci,
];

const applets =
  'sh true false sleep cat id ls mount grep echo ps env dd yes stat mknod ip head wc touch rm hostname nc pwd kill tr seq mkdir ln readlink test chown'.split(
    ' ',
  );

export interface Fixture extends AsyncDisposable {
  readonly api: ContainersApi;
  readonly services: InternalServices;
  readonly host: Host;
  readonly root: string;
  /** Make an image from a tree; `config` is what its creator claims. */
  image(name: string, fill?: (rootfs: string) => void, config?: Partial<ImageRunConfig>): Promise<void>;
  run(request: Partial<CreateRequest> & { readonly image?: string }): Promise<RunOutcome>;
  /** What is left of containers anywhere: empty when nothing leaks. */
  leaks(): Promise<readonly string[]>;
}

export interface RunOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function openFixture(
  storage = 'overlay',
  more: readonly AnyDriverDefinition[] = [],
): Promise<Fixture> {
  const base = mkdtempSync('/dev/shm/containers-test-');
  const root = join(base, 'root');
  const ending = new AbortController();
  const host = createHost();
  const { services } = compose({
    options: {
      root,
      run: join(base, 'run'),
      host,
      drivers: [...drivers, ...more],
      config: { storage, network: 'none' },
    },
    listeners: new Set(),
    signal: ending.signal,
  });
  const images = new Map<string, ResolvedImage>();
  const fake: InternalServices['images'] = {
    resolve: async (reference) => images.get(reference) as ResolvedImage,
    ensureUnpacked: async (image) => image.name,
  };
  Object.assign(services, { images: fake });
  const api = createContainersApi(services);
  const fixture: Fixture = {
    api,
    services,
    host,
    root,
    image: async (name, fill, config) => {
      const layers = await services.layers.open(storage);
      await layers.prepare(`build-${name}`, '');
      const target = (await layers.unpackTarget(`build-${name}`)).path;
      busyboxTree(target);
      fill?.(target);
      await layers.commit(name, `build-${name}`);
      images.set(name, resolved(name, config ?? {}));
    },
    run: (request) => runToEnd(api, { image: 'busybox', autoRemove: true, ...request }),
    leaks: async () => await findLeaks(services, base),
    [Symbol.asyncDispose]: async () => {
      for (const { id } of await api.list({ all: true })) await api.remove(id, { force: true });
      ending.abort();
      await services.layers.close();
      await services.imageStore.close();
      services.database.close();
      await host.mounter.unmount(base);
      rmSync(base, { recursive: true, force: true });
    },
  };
  await fixture.image('busybox');
  return fixture;
}

export function busyboxTree(target: string): void {
  for (const directory of ['bin', 'etc', 'proc', 'dev', 'sys', 'tmp', 'root'])
    mkdirSync(join(target, directory), { recursive: true });
  chmodSync(join(target, 'tmp'), 0o1777);
  copyFileSync('/bin/busybox', join(target, 'bin/busybox'));
  for (const applet of applets)
    if (!existsSync(join(target, 'bin', applet))) symlinkSync('busybox', join(target, 'bin', applet));
}

export async function runToEnd(api: ContainersApi, request: CreateRequest): Promise<RunOutcome> {
  const session = await api.run(request);
  return await finish(session);
}

export async function finish(session: Session): Promise<RunOutcome> {
  const output = { stdout: '', stderr: '' };
  for await (const { stream, data } of session.streams?.output() ?? [])
    output[stream] += data.toString('latin1');
  const { code } = await session.wait();
  return { code, ...output };
}

function resolved(name: string, config: Partial<ImageRunConfig>): ResolvedImage {
  const digest = `sha256:${'0'.repeat(64)}` as const;
  return {
    id: digest,
    manifest: { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1 },
    name,
    diffIds: [],
    config: {
      env: [],
      entrypoint: undefined,
      command: undefined,
      volumes: [],
      exposedPorts: [],
      labels: {},
      ...config,
    },
    platform: { os: 'linux', architecture: 'amd64' },
  };
}

async function findLeaks(services: InternalServices, base: string): Promise<string[]> {
  const { host, database } = services;
  const mounts = (await host.mounter.list(base)).map(({ target }) => `mount ${target}`);
  const cgroups = (await (await services.cgroup()).list()).map((id) => `cgroup ${id}`);
  const states = (await (await services.drivers.get('runtime', 'oci')).list()).map((id) => `runtime ${id}`);
  const rows = database.all('SELECT id FROM containers').map((row) => `row ${row.id}`);
  const intents = database.all('SELECT step FROM intents').map((row) => `intent ${row.step}`);
  const active = database
    .all("SELECT key FROM layers WHERE kind = 'active'")
    .map((row) => `layer ${row.key}`);
  const directories = [join(base, 'root/containers'), join(base, 'run/containers')].flatMap((path) =>
    existsSync(path)
      ? execFileSync('ls', ['-A', path], { encoding: 'utf8' }).split('\n').filter(Boolean)
      : [],
  );
  const processes = processesMentioning(base);
  return [...mounts, ...cgroups, ...states, ...rows, ...intents, ...active, ...directories, ...processes];
}

function processesMentioning(text: string): string[] {
  return execFileSync('ls', ['/proc'], { encoding: 'utf8' })
    .split('\n')
    .filter((pid) => /^\d+$/.test(pid) && pid !== String(process.pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
      } catch {
        return false;
      }
    })
    .map((pid) => `process ${pid}`);
}
