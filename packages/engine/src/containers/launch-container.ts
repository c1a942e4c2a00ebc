/** From a layer to a running process. The caller holds the container's lock and has journalled {@link runSteps}. */
import { join } from 'node:path';
import type { AttachedStreams, Mount, ProgressListener } from '@strata/core';
import type { Session } from '../api/containers.ts';
import type { OpeningSandbox } from '../networks/sandbox.ts';
import type { EngineServices } from '../services.ts';
import { attend, exitCommandFor } from './attendance.ts';
import { emitContainer } from './container-events.ts';
import { beginHealth } from './health/health-store.ts';
import { needsKeeper, startKeeper } from './keeper/start-keeper.ts';
import { makeBundle } from './make-bundle.ts';
import { makeCgroup } from './make-cgroup.ts';
import { mountRootfs } from './rootfs/mount-rootfs.ts';
import { runtimeFor } from './runtime.ts';
import { containerSession } from './session.ts';
import { type NewContainer, updateContainer } from './state/container-store.ts';
import { recordCgroup, type Step } from './state/journal.ts';

export interface LaunchOptions {
  /** Connect the streams before the first instruction runs. */
  readonly attach: boolean;
  /** It was made in the same breath: its `create` event goes with the start. */
  readonly created?: boolean;
  readonly onProgress?: ProgressListener | undefined;
}

/** What one run of a container holds, oldest first. */
export function runSteps(services: EngineServices, container: NewContainer): Step[] {
  const { id, config } = container;
  const run = services.paths.containerRun(id);
  return [
    { step: 'run-directory', path: run },
    ...(config.sandbox === true ? [{ step: 'network' as const, id }] : []),
    ...(config.ipc === 'shareable' ? [{ step: 'mount' as const, target: join(run, 'shm') }] : []),
    { step: 'mount', target: rootfsMountpoint(services, id) },
    { step: 'cgroup', id, parent: config.cgroupParent, ref: undefined },
    { step: 'runtime', driver: config.runtime, id },
  ];
}

export async function launchContainer(
  services: EngineServices,
  container: NewContainer,
  layer: readonly Mount[],
  options: LaunchOptions,
): Promise<Session> {
  if (container.config.sandbox !== true) return await launch(services, container, layer, options);
  const { openSandbox } = await import('../networks/sandbox.ts');
  const opening = openSandbox(services, container);
  try {
    return await launch(services, container, layer, { ...options, opening });
  } catch (error) {
    // Whoever undoes must not meet it at work.
    await opening.settled;
    throw error;
  }
}

async function launch(
  services: EngineServices,
  container: NewContainer,
  layer: readonly Mount[],
  options: LaunchOptions & { readonly opening?: OpeningSandbox },
): Promise<Session> {
  const { id, config } = container;
  const { opening } = options;
  const parts = [
    runtimeFor(services, config.runtime),
    makeCgroup(services, container),
    mountRootfs(services, layer, rootfsMountpoint(services, id)),
    opening?.planned,
  ] as const;
  // When one fails the others are waited for: what is still being mounted could not be undone.
  await Promise.allSettled(parts);
  const [runtime, cgroup, rootfs, sandbox] = await Promise.all(parts);
  const warnings = await makeBundle(services, { container, rootfs, cgroupsPath: cgroup.path, sandbox });
  // The runtime sets them before we attach, and those of an interface need the interface.
  if (Object.keys(config.sysctls).some((name) => name.startsWith('net.'))) await opening?.ready;
  for (const text of warnings) options.onProgress?.({ kind: 'warning', text });
  const attendance = options.attach ? await attend(services, id) : undefined;
  const process = await runtime.create({
    id,
    bundle: services.paths.containerRun(id),
    runDirectory: services.paths.containerRun(id),
    monitor: await monitorOptions(services, container, options.attach),
  });
  await opening?.complete();
  services.database.transaction(() => {
    recordCgroup(services.database, id, cgroup);
    if (options.created === true) emitContainer(services, container, 'create');
    const started = { status: 'running', process, started: new Date(), exitCode: null } as const;
    // The lease stays: it does not run yet, and should we die now, somebody must notice that it never will.
    const { self } = services.host.processes;
    updateContainer(services.database, id, { ...started, oomKilled: false, error: null, lease: self });
    beginHealth(services.database, container);
    emitContainer(services, container, 'start');
  });
  let streams: AttachedStreams | undefined;
  try {
    streams = options.attach ? await runtime.attach(process) : undefined;
    await runtime.start(process);
    if (needsKeeper(container)) await startKeeper(services);
  } catch (error) {
    await streams?.close();
    await attendance?.release();
    throw error;
  }
  return containerSession(services, {
    container,
    process,
    started: new Date(),
    runtime,
    streams,
    attendance,
  });
}

async function monitorOptions(services: EngineServices, container: NewContainer, attached: boolean) {
  const { id, config } = container;
  const exitCommand = await exitCommandFor(services, container, { attached });
  return {
    terminal: config.tty,
    stdin: config.stdin,
    // Docker: whoever attached at the start ends the input by leaving; a detached container keeps it, and so does a
    // terminal, which its user leaves by the detach keys and comes back to.
    leaveStdinOpen: config.stdin && (config.tty || !attached),
    logPath: config.log.driver === 'none' ? undefined : join(services.paths.container(id), 'container.log'),
    ...(exitCommand === undefined ? {} : { exitCommand }),
  };
}

function rootfsMountpoint(services: EngineServices, id: string): string {
  return join(services.paths.container(id), 'rootfs');
}
