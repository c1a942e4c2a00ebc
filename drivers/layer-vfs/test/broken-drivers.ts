/** vfs with one fault each, and the case of the suite whose name says that fault. */
import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, lutimesSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import {
  type ChangesLayerDriver,
  type CloneLayerDriver,
  type DriverContext,
  type Layer,
  type LayerDriver,
  type ProbeResult,
  type QuotaLayerDriver,
  StrataError,
} from '@strata/core';
import vfs from '../src/index.ts';

type Definition = typeof vfs;
/** Members of the optional interfaces too. */
type Replaced = Partial<LayerDriver & QuotaLayerDriver & ChangesLayerDriver & CloneLayerDriver>;
type Options = DriverContext<Record<string, never>>;

export interface BrokenDriver {
  readonly fault: string;
  readonly caughtBy: string;
  readonly definition: Definition;
}

/** A definition whose driver has some methods replaced. */
export function withDriver(replace: (good: LayerDriver, context: Options) => Replaced): Definition {
  return {
    ...vfs,
    create(context) {
      const good = vfs.create(context);
      const methods = replace(good, context);
      return new Proxy(good, {
        has: (target, name) => name in methods || name in target,
        get(target, name) {
          const replaced: unknown = Reflect.get(methods, name);
          if (replaced !== undefined) return replaced;
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
  };
}

const withProbe = (probe: (context: Options) => Promise<ProbeResult>): Definition => ({ ...vfs, probe });

/** A child made by a program instead of by copyTree. */
export const copiedBy = (...command: string[]) =>
  withDriver((good, { root }) => ({
    async create(layer: Layer) {
      const [parent] = layer.parents;
      if (parent === undefined) return good.create(layer);
      await good.create({ id: layer.id, parents: [] });
      rmSync(`${root}/${layer.id}/fs`, { recursive: true });
      const [program, ...args] = command;
      execFileSync(program!, [...args, `${root}/${parent}/fs`, `${root}/${layer.id}/fs`]);
    },
  }));

function truncateTimes(directory: string): void {
  for (const name of readdirSync(directory, 'buffer')) {
    const path = Buffer.concat([Buffer.from(`${directory}/`), name]);
    const seconds = Math.floor(lstatSync(path).mtimeMs / 1000);
    lutimesSync(path, seconds, seconds);
  }
}

export const broken = (fault: string, caughtBy: string, definition: Definition): BrokenDriver => ({
  fault,
  caughtBy,
  definition,
});

export const brokenDrivers: readonly BrokenDriver[] = [
  broken(
    'forgets nanoseconds',
    'strata/EverythingSurvivesThreeLayers',
    withDriver((good, { root }) => ({
      async create(layer) {
        await good.create(layer);
        truncateTimes(`${root}/${layer.id}/fs`);
      },
    })),
  ),
  broken('shares files by hard links', 'strata/WritingToAChildChangesNoOther', copiedBy('cp', '-al')),
  broken('shares link counts', 'strata/LinkCountsAreIsolated', copiedBy('cp', '-al')),
  broken(
    'copies hard links apart',
    'strata/HardLinksStayOneFile',
    copiedBy('cp', '-PR', '--preserve=mode,ownership'),
  ),
  broken('fills holes', 'strata/HolesStayHoles', copiedBy('cp', '-a', '--sparse=never')),
  broken('loses owners', 'graphtest/CreateSnap', copiedBy('cp', '-dR', '--preserve=mode,links,timestamps')),
  broken(
    'forgets the attributes of the root',
    'strata/RootAttributesAreInherited',
    withDriver((good, { root }) => ({
      async create(layer) {
        await good.create(layer);
        chmodSync(`${root}/${layer.id}/fs`, 0o755);
      },
    })),
  ),
  broken(
    'removes only once',
    'strata/RemoveIsIdempotent',
    withDriver((good) => ({
      async remove(id) {
        if (!(await good.list()).includes(id)) throw new StrataError('not-found', 'GONE', `no layer ${id}`);
        await good.remove(id);
      },
    })),
  ),
  broken(
    'forgets a layer in list',
    'graphtest/ListLayers',
    withDriver((good) => ({ list: async () => (await good.list()).slice(1) })),
  ),
  broken(
    'never reclaims',
    'containerd/Basic (trees)',
    withDriver(() => ({ cleanup: async () => undefined })),
  ),
  broken(
    'leaves a sealed layer writable',
    'strata/ASealedLayerCannotBeWritten',
    withDriver(() => ({ seal: async () => undefined })),
  ),
  broken(
    'gives writable views',
    'containerd/ViewReadonly',
    withDriver((good) => ({
      mounts: async (layer) =>
        (await good.mounts(layer, 'ro')).map((mount) => ({ ...mount, options: ['bind', 'rw'] })),
    })),
  ),
  broken(
    'seals only once',
    'strata/SealIsIdempotent',
    withDriver((good, { root }) => ({
      async seal(layer) {
        await good.seal(layer);
        mkdirSync(`${root}/${layer.id}/once`);
      },
    })),
  ),
  broken(
    'says recorded whiteouts and shows them as devices',
    'strata/WhiteoutsOfAnImage (containerd#13030)',
    withDriver((good) => ({
      unpackTarget: async (layer) => ({ ...(await good.unpackTarget(layer)), whiteouts: 'overlay' as const }),
    })),
  ),
  broken(
    'claims to unpack without parents',
    'strata/WhiteoutsOfAnImage (containerd#13030)',
    withDriver((good) => ({ capabilities: { ...good.capabilities, independentUnpack: true } })),
  ),
  broken(
    'replaces an existing layer',
    'strata/CreateTwiceIsRefused',
    withDriver((good) => ({
      async create(layer) {
        await good.remove(layer.id);
        await good.create(layer);
      },
    })),
  ),
  broken(
    'makes a layer on a missing parent',
    'strata/CreateOnMissingParentIsRefused',
    withDriver((good) => ({
      create: (layer) => good.create(layer).catch(() => good.create({ id: layer.id, parents: [] })),
    })),
  ),
  broken(
    'leaves half a layer when the disk is full',
    'strata/NoSpaceInsideCreate',
    withDriver((good, { root, host }) => ({
      async create(layer) {
        if (layer.parents.length === 0) return good.create(layer);
        mkdirSync(`${root}/${layer.id}/fs`, { recursive: true });
        try {
          await host.files.copyTree(`${root}/${layer.parents[0]}/fs`, `${root}/${layer.id}/fs`);
        } catch {
          throw new StrataError('resource-exhausted', 'FULL', 'no space left');
        }
      },
    })),
  ),
  broken(
    'works in a place of its own that remove forgets',
    'strata/CrashInsideCreate',
    withDriver((good, { root }) => ({
      async create(layer) {
        writeFileSync(`${root}/tmp-${layer.id}`, '');
        await good.create(layer);
        rmSync(`${root}/tmp-${layer.id}`);
      },
    })),
  ),
  broken(
    'does not sync',
    'strata/FlushReachesTheFilesystem',
    withDriver(() => ({ flush: async () => undefined })),
  ),
  broken(
    'knows no usage',
    'containerd/Usage (own consumption)',
    withDriver(() => ({ usage: async () => ({ bytes: 0, inodes: 1 }) })),
  ),
  broken(
    'walks on when nobody waits',
    'strata/UsageHonoursItsSignal',
    withDriver((good) => ({ usage: (layer) => good.usage(layer) })),
  ),
  broken(
    'answers a missing layer with a bare error',
    'strata/MissingLayerIsNotFound',
    withDriver((good) => ({
      mounts: (layer, access) =>
        good.mounts(layer, access).catch((error: Error) => Promise.reject(new Error(error.message))),
    })),
  ),
  broken(
    'declares what it has not',
    'strata/CapabilitiesMatchMethods',
    withDriver((good) => ({ capabilities: { ...good.capabilities, clone: true } })),
  ),
  broken(
    'declares that renames fail',
    'strata/DirectoryRenameSaysExdev',
    withDriver((good) => ({ capabilities: { ...good.capabilities, directoryRename: false } })),
  ),
  broken(
    'probes by guessing',
    'strata/ProbeAnswersWhereNothingCanBeMade',
    withProbe(async () => ({ supported: true })),
  ),
  broken(
    'leaves its probe behind',
    'strata/ProbeTriesTheRealThing',
    withProbe(async (context) => {
      writeFileSync(`${context.root}/probe`, '');
      return vfs.probe(context);
    }),
  ),
];
