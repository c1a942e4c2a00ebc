import { isIP } from 'node:net';
import { type NetworkDriver, type NetworkSpec, StrataError } from '@strata/core';
import type { NetworkRequest } from '../api/networks.ts';
import type { EngineServices } from '../services.ts';
import { emitNetwork } from './network-events.ts';
import {
  deleteNetwork,
  finishNetwork,
  insertNetwork,
  type NetworkRecord,
  networkByName,
  newId,
  unfinishedNetworks,
} from './network-store.ts';

const namePattern = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
/** Words that `--network` understands otherwise. */
const reserved = ['default', 'container'];

/** create: row `creating` → driver → row `ready`. A crash in between is taken down by the next one of that name. */
export async function makeNetwork(
  services: EngineServices,
  request: NetworkRequest,
  options: { readonly builtIn?: boolean } = {},
): Promise<NetworkRecord> {
  const { database, host, paths } = services;
  checkRequest(services, request, options.builtIn === true);
  const driver = request.driver ?? 'bridge';
  const instance = await services.drivers.get('network', driver);
  const own = options.builtIn === true;
  if (!own) refuseFixed(instance, request, driver);
  await using _lock = await host.locks.acquire(paths.lock('name', `network-${request.name}`));
  const known = networkByName(database, request.name);
  if (known !== undefined) {
    if (options.builtIn === true) return known;
    throw taken(known);
  }
  await finishOthers(services, request.name);
  const spec = specOf(request);
  insertNetwork(database, driver, spec);
  try {
    const made = instance.capabilities.multiple || !own ? await instance.createNetwork(spec) : spec;
    database.transaction(() => {
      finishNetwork(database, made);
      emitNetwork(services, { id: spec.id, name: spec.name, driver }, 'create');
    });
    return { id: spec.id, name: spec.name, driver, spec: made, created: new Date() };
  } catch (error) {
    // What cannot be taken down now stays in the books, for the next of this name and for `check`.
    const undone = !instance.capabilities.multiple || (await isDone(instance.removeNetwork(spec)));
    if (undone) deleteNetwork(database, spec.id);
    throw error;
  }
}

function isDone(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}

/** What a dead process began under this name, or any name it will never finish. We hold the name's lock. */
async function finishOthers(services: EngineServices, name: string): Promise<void> {
  for (const left of unfinishedNetworks(services.database).filter((network) => network.name === name)) {
    const driver = await services.drivers.get('network', left.driver);
    if (driver.capabilities.multiple) await driver.removeNetwork(left.spec);
    deleteNetwork(services.database, left.id);
  }
}

function specOf(request: NetworkRequest): NetworkSpec {
  return {
    id: newId(),
    name: request.name,
    subnets: request.subnets ?? [],
    ...(request.gateway === undefined ? {} : { gateway: request.gateway }),
    ...(request.ipRange === undefined ? {} : { ipRange: request.ipRange }),
    ipv6: request.ipv6 ?? (request.subnets ?? []).some((subnet) => subnet.includes(':')),
    internal: request.internal ?? false,
    labels: request.labels ?? {},
    options: request.options ?? {},
  };
}

function checkRequest(services: EngineServices, request: NetworkRequest, builtIn: boolean): void {
  const { name, gateway, subnets = [], ipRange, labels = {}, options = {} } = request;
  if (!namePattern.test(name))
    throw invalid(
      `Invalid network name ${JSON.stringify(name)}`,
      'Use letters, digits, _ . - and begin with a letter or digit',
    );
  if (!builtIn && (reserved.includes(name) || services.drivers.ids('network').includes(name)))
    throw new StrataError(
      'permission-denied',
      'NETWORK_NAME_RESERVED',
      `The network name ${name} is reserved`,
      { hint: 'Choose another name' },
    );
  if (gateway !== undefined && isIP(gateway) === 0)
    throw invalid(`The gateway ${JSON.stringify(gateway)} is not an IP address`, 'Write it as 10.1.0.1');
  for (const block of [...subnets, ...(ipRange === undefined ? [] : [ipRange])])
    if (!/^[0-9a-fA-F.:]+\/\d{1,3}$/.test(block) || isIP(block.split('/')[0] ?? '') === 0)
      throw invalid(`${JSON.stringify(block)} is not a subnet`, 'Write it as 10.1.0.0/16');
  for (const text of [...Object.entries(labels), ...Object.entries(options)].flat())
    if (text.includes('\0')) throw invalid('Labels and options contain no NUL', 'Leave it out');
}

function invalid(message: string, hint: string): StrataError {
  return new StrataError('invalid-argument', 'NETWORK_REQUEST_INVALID', message, { hint });
}

function taken({ name, id }: NetworkRecord): StrataError {
  return new StrataError('already-exists', 'NETWORK_EXISTS', `network with name ${name} already exists`, {
    hint: `It has the id ${id}; remove it with: strata network rm ${name}`,
  });
}

/** A driver with one network may still take descriptions of others. */
function refuseFixed(
  { capabilities, describedBy }: NetworkDriver,
  { options = {} }: NetworkRequest,
  driver: string,
): void {
  if (capabilities.multiple || (describedBy !== undefined && Object.hasOwn(options, describedBy))) return;
  const more = describedBy === undefined ? '' : `, or describe another: --opt ${describedBy}=FILE`;
  throw new StrataError(
    'unsupported',
    'NETWORK_FIXED',
    `The driver ${driver} has one network by itself, named ${driver}`,
    { hint: `Use it with --network ${driver}${more}` },
  );
}
