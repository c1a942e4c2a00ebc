import { existsSync } from 'node:fs';
import { mkdir, open, readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  AttachedStreams,
  DriverContext,
  ExecProcess,
  ExitStatus,
  MonitoredProcess,
  RuntimeContainer,
  RuntimeDriver,
  RuntimeState,
} from '@strata/core';
import { StrataError } from '@strata/core';
import { attachStreams } from './attach.ts';
import { startConmon } from './conmon.ts';
import { pollExit, waitForExit } from './exit-status.ts';
import type { RuntimeOptions } from './options.ts';
import type { SelectedRuntime } from './probe.ts';
import { type Program, Programs } from './program.ts';
import { forgetEnded, signalInit, stateOf, untilExec } from './shortcuts.ts';

const sigkill = 9;

export class OciRuntimeDriver implements RuntimeDriver {
  readonly description: string;
  readonly #context: DriverContext<RuntimeOptions>;
  readonly #runtime: SelectedRuntime;
  readonly #programs: Programs;
  readonly #ended = new Map<string, Promise<unknown>>();

  constructor(context: DriverContext<RuntimeOptions>, runtime: SelectedRuntime) {
    this.#context = context;
    this.#runtime = runtime;
    this.#programs = new Programs(context, runtime);
    this.description = runtime.description;
  }

  async create(container: RuntimeContainer): Promise<MonitoredProcess> {
    const { root, selected } = this.#programs;
    const { id, bundle, runDirectory: directory, monitor } = container;
    await mkdir(root, { recursive: true, mode: 0o700 });
    const exitFile = join(directory, id);
    await unlink(exitFile).catch(ignoreMissing);
    await unlink(join(directory, 'oom')).catch(ignoreMissing);
    const wanted = await selected.filters?.apply(bundle);
    try {
      const created = await this.#start(selected, exitFile, undefined, {
        containerId: id,
        directory: bundle,
        monitor,
      });
      if (wanted !== undefined) await selected.filters?.keep(wanted, join(root, id));
      return created;
    } catch (error) {
      await this.delete(id, { force: true });
      throw error;
    }
  }

  async exec(
    request: ExecProcess,
    onReady?: (process: MonitoredProcess) => Promise<void>,
  ): Promise<MonitoredProcess> {
    const { runDirectory: directory, containerId, monitor } = request;
    const execSpec = join(directory, 'process.json');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(execSpec, JSON.stringify(request.process), { mode: 0o600 });
    return await this.#start(
      await this.#programs.of(containerId),
      join(directory, containerId),
      request.execId,
      { containerId, directory, monitor, execSpec, execAttach: onReady !== undefined },
      onReady,
    );
  }

  async #start(
    program: Program,
    exitFile: string,
    execId: string | undefined,
    request: Omit<Parameters<typeof startConmon>[2], 'runtime' | 'runtimeRoot'>,
    onReady?: (process: MonitoredProcess) => Promise<void>,
  ): Promise<MonitoredProcess> {
    const { host } = this.#context;
    const describe = (pid: number, monitorPid: number): MonitoredProcess => ({
      containerId: request.containerId,
      execId,
      // One that has ended already has no identity left; start time 0 matches no process.
      process: host.processes.identify(pid) ?? { ...host.processes.self, pid, startTime: 0 },
      monitor: host.processes.identify(monitorPid) ?? {
        ...host.processes.self,
        pid: monitorPid,
        startTime: 0,
      },
      terminal: request.monitor.terminal,
      runDirectory: request.directory,
      exitFile,
    });
    const started = await startConmon(
      host,
      this.#runtime.monitor,
      { ...request, runtime: program.launch, runtimeRoot: this.#programs.root },
      // The exec does not run yet: until it does, its monitor stands for it.
      onReady && ((monitorPid) => onReady(describe(monitorPid, monitorPid))),
    );
    this.#ended.set(exitFile, started.ended);
    return describe(started.processPid, started.monitorPid);
  }

  async start(process: MonitoredProcess): Promise<void> {
    const { shortcuts, command } = await this.#programs.of(process.containerId);
    const state = join(this.#programs.root, process.containerId);
    if (await shortcuts?.letGo(this.#context.host, state, process.process)) return;
    await command.start(process.containerId);
  }

  attach(process: MonitoredProcess): Promise<AttachedStreams> {
    return attachStreams(this.#context.host, join(process.runDirectory, 'attach'));
  }

  async resize(process: MonitoredProcess, size: { rows: number; columns: number }): Promise<void> {
    if (!process.terminal)
      throw new StrataError('failed-precondition', 'NO_TERMINAL', 'The process has no terminal to resize');
    const within = (n: number) => Math.max(0, Math.min(1000, Math.trunc(n) || 0));
    await control(process, `1 ${within(size.rows)} ${within(size.columns)}\n`);
  }

  reopenLog(process: MonitoredProcess): Promise<void> {
    return control(process, '2 0 0\n');
  }

  async wait(process: MonitoredProcess, signal?: AbortSignal): Promise<ExitStatus> {
    const ended = this.#ended.get(process.exitFile);
    const status = await waitForExit(this.#context.host, process, { ended, signal });
    this.#ended.delete(process.exitFile);
    return status;
  }

  poll(process: MonitoredProcess): ExitStatus | undefined {
    return pollExit(this.#context.host, process);
  }

  async kill(containerId: string, signal: number, options?: { readonly all?: boolean }): Promise<void> {
    const { shortcuts, command } = await this.#programs.of(containerId);
    const directory = join(this.#programs.root, containerId);
    const all = options?.all === true;
    if (shortcuts !== undefined) {
      // A kill is meant for whatever is there.
      if (signal !== sigkill) await untilExec(shortcuts, directory);
      if (!all && (await signalInit(shortcuts, this.#context.host, { directory, signal }))) return;
    }
    await command.kill(containerId, signal, all);
  }

  async state(containerId: string): Promise<RuntimeState | undefined> {
    const { shortcuts, command } = await this.#programs.of(containerId);
    const directory = join(this.#programs.root, containerId);
    const known = shortcuts && (await stateOf(shortcuts, this.#context.host, directory));
    return known ?? (await command.state(containerId));
  }

  async delete(containerId: string, options?: { readonly force?: boolean }): Promise<void> {
    // Most containers are deleted once by whoever saw them end; the second one need not start a program.
    const state = join(this.#programs.root, containerId);
    if (!existsSync(state)) return;
    const { shortcuts, command } = await this.#programs.of(containerId);
    if (shortcuts !== undefined && (await forgetEnded(shortcuts, this.#context.host, state))) return;
    await command.delete(containerId, options?.force === true);
    // A runtime that was killed half-way leaves a state it does not recognise, with its own binary mounted in it.
    if (!existsSync(state)) return;
    await this.#context.host.mounter.unmount(state);
    await this.#context.host.files.removeTree(state);
  }

  async list(): Promise<readonly string[]> {
    return await readdir(this.#programs.root).catch(() => []);
  }
}

/** A line for conmon's control fifo. Non-blocking: a monitor that is gone has no reader at the other end (ENXIO). */
async function control(process: MonitoredProcess, line: string): Promise<void> {
  const fifo = await open(join(process.runDirectory, 'ctl'), 0o4001).catch(() => undefined);
  await fifo?.write(line).finally(() => fifo.close());
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
