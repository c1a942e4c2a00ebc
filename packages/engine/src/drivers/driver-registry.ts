import {
  type AnyDriverDefinition,
  type Database,
  type DriverContext,
  type DriverKind,
  type DriverKinds,
  type Host,
  type ProbeResult,
  StrataError,
} from '@strata/core';
import type { EngineConfig } from '../api/engine.ts';
import type { DriverRegistry } from '../services.ts';
import { makePrivate, type StorePaths } from '../state/paths.ts';
import type { Settings } from '../state/settings.ts';
import { validateOptions } from './driver-options.ts';
import { guardedCreate, guardedProbe } from './guarded-call.ts';
import { validateDefinitions } from './validate-definition.ts';

export interface RegistryParts {
  readonly definitions: readonly AnyDriverDefinition[];
  /** Of third parties: used when named, never chosen. */
  readonly added: readonly AnyDriverDefinition[];
  readonly host: Host;
  readonly paths: StorePaths;
  readonly config: EngineConfig;
  readonly settings: Settings;
  readonly signal: AbortSignal;
  /** Mount the driver's pool when there is one. */
  readonly ensurePool: (definition: AnyDriverDefinition) => Promise<void>;
}

/** Definitions by kind and id; instances once per process. */
export class Registry implements DriverRegistry {
  readonly #parts: RegistryParts;
  readonly #instances = new Map<string, Promise<DriverKinds[DriverKind]>>();
  readonly #probes = new Map<string, Promise<ProbeResult>>();

  readonly #added: AnyDriverDefinition[];
  /** What drivers have opened through their host. */
  readonly #databases: Database[] = [];
  readonly #host: Host;

  constructor(parts: RegistryParts) {
    validateDefinitions(parts.definitions);
    this.#parts = parts;
    const open: Host['databases']['open'] = (path, options) => {
      const database = parts.host.databases.open(path, { spare: parts.paths.reserve, ...options });
      this.#databases.push(database);
      return database;
    };
    this.#host = { ...parts.host, databases: { open } };
    // An update of Strata may bring a driver of the same name: the built-in one is the one that is trusted.
    this.#added = parts.added.filter((d) => !has(parts.definitions, d.kind, d.id));
  }

  /** Know an added driver, in place of what had its name. */
  register(definition: AnyDriverDefinition): void {
    this.unregister(definition.kind, definition.id);
    this.#added.push(definition);
  }

  isAdded(kind: DriverKind, id: string): boolean {
    return has(this.#added, kind, id);
  }

  unregister(kind: DriverKind, id: string): void {
    const at = this.#added.findIndex((d) => d.kind === kind && d.id === id);
    if (at >= 0) this.#added.splice(at, 1);
    this.forgetProbe(kind, id);
    for (const name of this.#instances.keys())
      if (name.startsWith(`${kind}:${id}:`)) this.#instances.delete(name);
  }

  /** The last thing an engine does with its drivers. */
  close(): void {
    for (const database of this.#databases.splice(0)) database.close();
  }

  #all(): readonly AnyDriverDefinition[] {
    return [...this.#parts.definitions, ...this.#added];
  }

  get<Kind extends DriverKind>(
    kind: Kind,
    id: string,
    options?: Readonly<Record<string, unknown>>,
  ): Promise<DriverKinds[Kind]> {
    const name = `${kind}:${id}:${options === undefined ? '' : JSON.stringify(options)}`;
    const known = this.#instances.get(name);
    if (known !== undefined) return known as Promise<DriverKinds[Kind]>;
    const made = this.#create(this.definition(kind, id), options);
    this.#instances.set(name, made);
    // A failure (a pool that was not there yet) may be mended while this process lives.
    made.catch(() => this.#instances.delete(name));
    return made as Promise<DriverKinds[Kind]>;
  }

  ids(kind: DriverKind): readonly string[] {
    return this.#all()
      .filter((d) => d.kind === kind)
      .map((d) => d.id);
  }

  probe(kind: DriverKind, id: string): Promise<ProbeResult> {
    const name = `${kind}:${id}`;
    let result = this.#probes.get(name);
    if (result === undefined) {
      result = this.#probe(this.definition(kind, id));
      this.#probes.set(name, result);
    }
    return result;
  }

  /** Ask again: something about the host has changed. */
  forgetProbe(kind: DriverKind, id: string): void {
    this.#probes.delete(`${kind}:${id}`);
  }

  async firstSupported(kind: DriverKind, preference?: readonly string[]): Promise<string | undefined> {
    const ids = this.#parts.definitions.filter((d) => d.kind === kind).map((d) => d.id);
    for (const id of preference?.filter((wanted) => ids.includes(wanted)) ?? ids) {
      if (this.#remembered(kind, id) || (await this.probe(kind, id)).supported) return id;
    }
    return undefined;
  }

  definition(kind: DriverKind, id: string): AnyDriverDefinition {
    const found = this.#all().find((d) => d.kind === kind && d.id === id);
    if (found !== undefined) return found;
    throw new StrataError('not-found', 'DRIVER_UNKNOWN', `There is no ${kind} driver ${JSON.stringify(id)}`, {
      hint: `Known are ${this.ids(kind).join(', ') || 'none'}; add others with \`strata driver add PACKAGE\``,
    });
  }

  async #create(
    definition: AnyDriverDefinition,
    given?: Readonly<Record<string, unknown>>,
  ): Promise<DriverKinds[DriverKind]> {
    const { kind, id } = definition;
    if (!this.#remembered(kind, id)) {
      const probe = await this.probe(kind, id);
      if (!probe.supported)
        throw new StrataError('unsupported', 'DRIVER_UNSUPPORTED', probe.reason, { hint: probe.hint });
    }
    await this.#parts.ensurePool(definition);
    const context = await this.#context(definition, given);
    return guardedCreate<DriverKinds[DriverKind]>(definition, () => definition.create(context));
  }

  async #probe(definition: AnyDriverDefinition): Promise<ProbeResult> {
    await this.#parts.ensurePool(definition);
    const context = await this.#context(definition);
    const result = await guardedProbe(definition, () => definition.probe(context));
    if (result.supported) this.#remember(definition);
    return result;
  }

  async #context(
    definition: AnyDriverDefinition,
    given?: Readonly<Record<string, unknown>>,
  ): Promise<DriverContext> {
    const { paths, config, signal } = this.#parts;
    const host = this.#host;
    const { kind, id } = definition;
    const configured = config.options?.[kind]?.[id] as Readonly<Record<string, unknown>> | undefined;
    const root = paths.driver(kind, id);
    const runDirectory = paths.driverRun(kind, id);
    makePrivate(root);
    makePrivate(runDirectory);
    const options = await validateOptions(definition, given ?? configured);
    return { root, runDirectory, options, host, log: host.log.child({ driver: `${kind}/${id}` }), signal };
  }

  /** A probe costs mounts and processes: a yes holds until the next boot or contract. */
  #remembered(kind: DriverKind, id: string): boolean {
    const key = `probe.${kind}.${id}`;
    return this.#parts.settings.get(key) === this.#stamp(this.definition(kind, id));
  }

  #remember(definition: AnyDriverDefinition): void {
    this.#parts.settings.set(`probe.${definition.kind}.${definition.id}`, this.#stamp(definition));
  }

  #stamp(definition: AnyDriverDefinition): string {
    return `${this.#parts.host.processes.self.bootId}:${definition.apiVersion}`;
  }
}

function has(definitions: readonly AnyDriverDefinition[], kind: DriverKind, id: string): boolean {
  return definitions.some((d) => d.kind === kind && d.id === id);
}
