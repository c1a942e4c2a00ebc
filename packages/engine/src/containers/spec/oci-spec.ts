/** The OCI runtime-spec config.json of a container (runtime-spec 1.0.2), with Docker's defaults. */
import type { Host } from '@strata/core';
import { argumentsOf, type ContainerConfig } from '../container-config.ts';
import type { ContainerUser } from '../rootfs/lookup-user.ts';
import { capabilitiesFor } from '../security/capabilities.ts';
import { type Seccomp, seccompFor } from '../security/seccomp.ts';
import { maskedPaths, readonlyPaths } from '../security/system-paths.ts';
import { deviceRules, type SpecDevices } from './devices.ts';
import { initMount, type SpecMount } from './mounts.ts';
import type { Namespace } from './namespaces.ts';
import { rlimitsFor } from './rlimits.ts';

export interface SpecInput {
  readonly host: Host;
  readonly config: ContainerConfig;
  readonly rootfs: string;
  readonly user: ContainerUser;
  readonly mounts: readonly SpecMount[];
  readonly namespaces: readonly Namespace[];
  readonly devices: SpecDevices;
  readonly cgroupsPath: string | undefined;
  readonly init: string | undefined;
}

export type OciProcess = Readonly<Record<string, unknown>>;

export async function ociSpec(
  input: SpecInput,
): Promise<{ spec: Record<string, unknown>; warnings: string[] }> {
  const { config, namespaces } = input;
  const capabilities = capabilitiesOf(config);
  const seccomp = config.privileged ? undefined : await seccompFor(config.seccomp, new Set(capabilities));
  const { rlimits, warnings } = rlimitsFor(config.ulimits);
  const args = [...(input.init === undefined ? [] : ['/dev/init', '--']), ...argumentsOf(config)];
  const ownUts = namespaces.some(({ type, path }) => type === 'uts' && path === undefined);
  const spec = {
    ociVersion: '1.0.2',
    process: {
      ...processOf(config, input.user, args, capabilities),
      ...(rlimits.length > 0 ? { rlimits } : {}),
      ...(config.oomScoreAdj === undefined ? {} : { oomScoreAdj: config.oomScoreAdj }),
    },
    root: { path: input.rootfs, readonly: config.readOnly },
    ...(ownUts ? { hostname: config.hostname } : {}),
    mounts: [...input.mounts, ...(input.init === undefined ? [] : [initMount(input.init)])],
    linux: linuxOf(input, seccomp),
  };
  return { spec, warnings };
}

export function capabilitiesOf(config: ContainerConfig): string[] {
  return capabilitiesFor({ privileged: config.privileged, add: config.capAdd, drop: config.capDrop });
}

/** The `process` object, of the container or of an exec. */
export function processOf(
  config: Pick<ContainerConfig, 'tty' | 'env' | 'workingDirectory' | 'noNewPrivileges'>,
  user: ContainerUser,
  args: readonly string[],
  capabilities: readonly string[],
): OciProcess {
  // HOME is ours to set, or the runtime reads the image's passwd once more.
  const home = config.env.some((line) => line.startsWith('HOME=')) ? [] : [`HOME=${user.home}`];
  // As execve(2) does it: a user who is not root starts with none in force; inheritable and ambient stay empty
  // (CVE-2022-24769).
  const inForce = user.uid === 0 ? capabilities : [];
  return {
    terminal: config.tty,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids, umask: 0o022 },
    args,
    env: [...config.env, ...home],
    cwd: config.workingDirectory,
    capabilities: {
      bounding: capabilities,
      effective: inForce,
      permitted: inForce,
      inheritable: [],
      ambient: [],
    },
    noNewPrivileges: config.noNewPrivileges,
  };
}

/** Docker's, in a network namespace that is the container's own: no user needs a capability for port 80 or a ping. */
function ownNetworkSysctls(namespaces: readonly Namespace[]): Record<string, string> {
  const network = namespaces.find(({ type }) => type === 'network');
  if (network === undefined || network.path?.startsWith('/proc/') === true) return {};
  return { 'net.ipv4.ip_unprivileged_port_start': '0', 'net.ipv4.ping_group_range': '0 2147483647' };
}

function linuxOf(input: SpecInput, seccomp: Seccomp | undefined): Record<string, unknown> {
  const { config, devices, cgroupsPath } = input;
  const open = config.privileged || config.openSystemPaths;
  const propagation = strongestPropagation(config);
  return {
    namespaces: input.namespaces,
    ...(cgroupsPath === undefined ? {} : { cgroupsPath }),
    resources: { devices: deviceRules(config.privileged, devices) },
    ...(devices.nodes.length > 0 ? { devices: devices.nodes } : {}),
    sysctl: { ...ownNetworkSysctls(input.namespaces), ...config.sysctls },
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(open ? {} : { maskedPaths: maskedPaths(), readonlyPaths }),
    ...(propagation === undefined ? {} : { rootfsPropagation: propagation }),
  };
}

/** A bind that propagates needs a root that does; without one the runtime makes everything private. */
function strongestPropagation(config: ContainerConfig): string | undefined {
  const asked = config.mounts.map(({ propagation }) => propagation);
  if (asked.some((mode) => mode === 'shared' || mode === 'rshared')) return 'shared';
  if (asked.some((mode) => mode === 'slave' || mode === 'rslave')) return 'slave';
  return undefined;
}
