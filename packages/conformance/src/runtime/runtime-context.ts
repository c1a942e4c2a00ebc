import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecProcess, Host, MonitoredProcess, RuntimeDriver } from '@strata/core';
import { createOn, type DriverSuiteTarget } from '../driver/driver-target.ts';
import type { ConformanceCase, SuiteTarget } from '../runner/case.ts';

export type RuntimeSuiteTarget = DriverSuiteTarget<'runtime'>;

/** What of the contract is optional. */
export interface RuntimeTraits {
  readonly reopenLog: boolean;
}

export type RuntimeCase = ConformanceCase<RuntimeContext, RuntimeTraits>;

export interface Wanted {
  /** A shell's; instead of it: program and arguments. */
  readonly script?: string;
  readonly args?: readonly string[];
  readonly terminal?: boolean;
  /** `shared`: it stays open when a client leaves. */
  readonly stdin?: boolean | 'shared';
  readonly exitCommand?: readonly string[];
}

/** Milliseconds for what others do by and by; software emulation is slow. */
const PATIENCE = 30_000;
const PROGRAMS = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/nix'];

/** One driver on a root of its own; its containers see the host's programs, read-only, and nothing else. */
export class RuntimeContext {
  readonly driver: RuntimeDriver;
  readonly host: Host;
  readonly root: string;
  readonly target: RuntimeSuiteTarget;
  readonly #made: MonitoredProcess[] = [];

  constructor(target: RuntimeSuiteTarget, driver: RuntimeDriver, root: string) {
    this.target = target;
    this.host = target.host;
    this.driver = driver;
    this.root = root;
  }

  newId(): string {
    return randomBytes(32).toString('hex');
  }

  /** As a process would that starts now and knows only what is stored. */
  another(): Promise<RuntimeDriver> {
    return createOn(this.target, this.root);
  }

  async create(wanted: Wanted): Promise<MonitoredProcess> {
    const id = this.newId();
    const bundle = join(this.root, 'bundles', id);
    mkdirSync(join(bundle, 'rootfs'), { recursive: true, mode: 0o755 });
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(config(wanted)), { mode: 0o600 });
    const process = await this.driver.create({
      id,
      bundle,
      runDirectory: bundle,
      monitor: monitorOf(wanted, join(bundle, 'log')),
    });
    assert.deepEqual(JSON.parse(JSON.stringify(process)), withoutUndefined(process), 'it is plain data');
    assert.equal(process.containerId, id);
    this.#made.push(process);
    return process;
  }

  async started(wanted: Wanted): Promise<MonitoredProcess> {
    const process = await this.create(wanted);
    await this.driver.start(process);
    return process;
  }

  execRequest({ containerId, runDirectory }: MonitoredProcess, wanted: Wanted): ExecProcess {
    const execId = randomBytes(16).toString('hex');
    return {
      execId,
      containerId,
      runDirectory: join(runDirectory, 'exec', execId),
      process: processOf(wanted),
      monitor: monitorOf(wanted, undefined),
    };
  }

  /** All it says when it is started with somebody listening. The two streams have no order between them. */
  async output(process: MonitoredProcess, input?: string): Promise<{ stdout: string; stderr: string }> {
    await using streams = await this.driver.attach(process);
    if (process.execId === undefined) await this.driver.start(process);
    if (input !== undefined) await streams.write(Buffer.from(input));
    streams.endInput();
    const text = { stdout: '', stderr: '' };
    for await (const { stream, data } of streams.output()) text[stream] += data;
    return text;
  }

  async until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + PATIENCE; !(await holds()); await delay(20))
      assert.ok(Date.now() < deadline, `not within ${PATIENCE / 1000} s: ${what}`);
  }

  /** Leak probe: after `delete` no process, mount or state of any container is left. */
  async close(): Promise<void> {
    for (const { containerId } of this.#made) await this.driver.delete(containerId, { force: true });
    for (const { process, monitor } of this.#made)
      await this.until('its processes are gone once it is deleted', () =>
        [process, monitor].every((each) => !this.host.processes.alive(each)),
      );
    assert.deepEqual(await this.driver.list(), [], 'leak probe: list() still names containers');
    const mounts = (await this.host.mounter.list(this.root)).filter(({ target }) => target !== this.root);
    assert.deepEqual(mounts, [], 'leak probe: mounts are left below the root');
  }
}

function monitorOf(
  { terminal = false, stdin = false, exitCommand }: Wanted,
  logPath: string | undefined,
): ExecProcess['monitor'] {
  const monitor = { terminal, stdin: stdin !== false, leaveStdinOpen: stdin === 'shared', logPath };
  return exitCommand === undefined ? monitor : { ...monitor, exitCommand };
}

/** OCI runtime-spec config.md */
function processOf({ script, args, terminal = false }: Wanted): Readonly<Record<string, unknown>> {
  return {
    terminal,
    user: { uid: 0, gid: 0 },
    args: args ?? ['sh', '-c', script ?? 'true'],
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    cwd: '/',
    capabilities: {},
    noNewPrivileges: true,
  };
}

function config(wanted: Wanted): unknown {
  const pts = ['newinstance', 'ptmxmode=0666', 'mode=0620'];
  return {
    ociVersion: '1.0.2',
    process: processOf(wanted),
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: pts },
      ...PROGRAMS.filter((path) => existsSync(path)).map((path) => ({
        destination: path,
        type: 'bind',
        source: path,
        options: ['rbind', 'rprivate', 'ro', 'nosuid', 'nodev'],
      })),
    ],
    linux: { namespaces: ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type })) },
  };
}

function withoutUndefined(process: MonitoredProcess): Record<string, unknown> {
  return Object.fromEntries(Object.entries(process).filter(([, value]) => value !== undefined));
}

export function openRuntimeContext(target: RuntimeSuiteTarget): SuiteTarget<RuntimeContext, RuntimeTraits> {
  return {
    async open() {
      const { root, dispose } = await target.createRoot();
      const driver = await createOn(target, root);
      const context = new RuntimeContext(target, driver, root);
      return {
        context,
        traits: { reopenLog: driver.reopenLog !== undefined },
        async close() {
          try {
            await context.close();
          } finally {
            await dispose();
          }
        },
      };
    },
  };
}
