/**
 * # DriverDefinition: how a driver makes itself known
 *
 * A driver package exports one pure value; importing it does nothing:
 *
 * ```ts
 * export default {
 *   kind: 'layer', id: 'btrfs', apiVersion: 1, summary: '…', options: noOptions,
 *   probe: (context) => …, create: (context) => new BtrfsLayerDriver(context),
 * } satisfies DriverDefinition<'layer'>;
 * ```
 *
 * `probe` says whether this host can run it, by trying the real thing (a test mount), never by a name or version.
 * "Not here" is an answer, not an exception. `create` is called at most once per process, after a successful
 * probe or when the driver already holds state. Packages of third parties are named `strata-driver-<id>` or
 * `@scope/strata-driver-<id>`, have the keyword `strata-driver`, and depend on `@strata/core` alone.
 *
 * `apiVersion` is one integer per kind, independent of package versions. It grows when a contract changes so that
 * an older driver would break; the engine refuses a version it does not know.
 */
import type { CgroupDriver } from '../cgroup/cgroup-driver.ts';
import type { Host } from '../host/host.ts';
import type { Log } from '../host/log.ts';
import type { ImageStore } from '../image/image-store.ts';
import type { LayerDriver } from '../layer/layer-driver.ts';
import type { NetworkDriver } from '../network/network-driver.ts';
import type { RuntimeDriver } from '../runtime/runtime-driver.ts';
import type { OptionsSchema } from './standard-schema.ts';

/** Contract of each kind of driver. */
export interface DriverKinds {
  layer: LayerDriver;
  image: ImageStore;
  network: NetworkDriver;
  cgroup: CgroupDriver;
  runtime: RuntimeDriver;
}

export type DriverKind = keyof DriverKinds;

/** The contract version the engine speaks, per kind. */
export const driverApiVersions: Readonly<Record<DriverKind, number>> = {
  layer: 1,
  image: 1,
  network: 1,
  cgroup: 1,
  runtime: 1,
};

export interface DriverContext<Options = unknown> {
  /** A directory of the driver's own, absolute, mode 0700, on the store's filesystem; kept over reboots. */
  readonly root: string;
  /** Likewise, but emptied by a reboot. */
  readonly runDirectory: string;
  /** As the schema returned them. */
  readonly options: Options;
  readonly host: Host;
  readonly log: Log;
  /** Aborts when the process is asked to end. */
  readonly signal: AbortSignal;
}

export type ProbeResult =
  | { readonly supported: true; readonly detail?: string }
  /** `reason`: one sentence. `hint`: what would make it work here. */
  | { readonly supported: false; readonly reason: string; readonly hint: string };

/**
 * A pool: a filesystem in a file for a layer driver that needs its own kind (`strata storage init`). The engine
 * makes the sparse file, formats it with this command (the file's path is appended) and mounts it at the root.
 */
export interface PoolDefinition {
  readonly filesystem: string;
  readonly format: readonly [program: string, ...args: string[]];
  readonly minimumBytes: number;
}

export interface DriverDefinition<Kind extends DriverKind = DriverKind, Options = unknown> {
  readonly kind: Kind;
  /** `[a-z][a-z0-9-]{0,31}`; what users type after `--storage=`. */
  readonly id: string;
  readonly apiVersion: number;
  /** One line for `strata driver ls`. */
  readonly summary: string;
  readonly options: OptionsSchema<Options>;
  /** May be called often and before `create`; leaves nothing behind. `root` exists. */
  probe(context: DriverContext<Options>): Promise<ProbeResult>;
  create(context: DriverContext<Options>): DriverKinds[Kind] | Promise<DriverKinds[Kind]>;
  /** Layer drivers that can live in a pool. */
  readonly pool?: PoolDefinition;
}

/** A definition of any kind, its options erased: what registries hold, and give what the definition's own schema returned. */
export type AnyDriverDefinition = { [Kind in DriverKind]: DriverDefinition<Kind> }[DriverKind];
