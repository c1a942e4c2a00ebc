/**
 * The program that a container is spoken to with: the one that made it, which is not always the one that makes new
 * ones, for crun may have been installed, or `--runtime` changed, while the container ran.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DriverContext } from '@strata/core';
import { type Launch, launchOf } from './launch.ts';
import type { SelectedRuntime } from './probe.ts';
import { RuntimeCommand } from './runtime-command.ts';
import { SeccompCache } from './seccomp-cache.ts';
import type { Shortcuts } from './shortcuts.ts';
import { crunShortcuts } from './shortcuts-crun.ts';
import { runcShortcuts } from './shortcuts-runc.ts';

export interface Program {
  readonly launch: Launch;
  readonly command: RuntimeCommand;
  /** Of another runtime than runc 1.x and crun 1.x nothing is known. */
  readonly shortcuts?: Shortcuts;
  readonly filters?: SeccompCache;
}

const known: Readonly<Record<string, Shortcuts>> = { runc: runcShortcuts, crun: crunShortcuts };

export class Programs {
  /** State directories of all containers. */
  readonly root: string;
  readonly selected: Program;
  readonly #context: DriverContext<unknown>;

  constructor(context: DriverContext<unknown>, { description, launch, identity }: SelectedRuntime) {
    this.#context = context;
    this.root = join(context.runDirectory, 'state');
    const [, name = ''] = /^(runc|crun) 1\./.exec(description) ?? [];
    const filters = name === 'crun' ? new SeccompCache(context.runDirectory, identity) : undefined;
    this.selected = this.#program(launch, name, filters);
  }

  async of(containerId: string): Promise<Program> {
    const made = (shortcuts: Shortcuts | undefined) =>
      shortcuts !== undefined && existsSync(join(this.root, containerId, shortcuts.stateFile));
    if (made(this.selected.shortcuts)) return this.selected;
    for (const [name, shortcuts] of Object.entries(known)) {
      if (shortcuts === this.selected.shortcuts || !made(shortcuts)) continue;
      const path = await this.#context.host.exec.find(name);
      if (path !== undefined)
        return this.#program(await launchOf(this.#context.host, path, name === 'crun'), name);
    }
    return this.selected;
  }

  #program(launch: Launch, name: string, filters?: SeccompCache): Program {
    const shortcuts = known[name];
    return {
      launch,
      command: new RuntimeCommand(this.#context.host, launch, this.root),
      ...(shortcuts && { shortcuts }),
      ...(filters && { filters }),
    };
  }
}
