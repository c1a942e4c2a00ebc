import type { DriverKind } from '@strata/core';
import type { DriverStatus } from '@strata/engine';
import type { Handler } from '../context.ts';
import { driverRow, driverValue, driverView } from '../views/driver-view.ts';
import { eachTarget } from './targets.ts';

const KINDS: readonly DriverKind[] = ['layer', 'image', 'network', 'cgroup', 'runtime'];

export const listDrivers: Handler = async (context) => {
  const { flags } = context;
  const text = flags.string('kind');
  const kind = KINDS.find((known) => known === text);
  if (text !== undefined && kind === undefined)
    throw flags.invalid('kind', text, `the kinds are ${KINDS.join(', ')}`);
  const { storage } = await context.engine();
  const rows = (await storage.drivers(kind)).map(driverRow);
  return { output: { kind: 'table', rows, view: driverView, format: flags.string('format') } };
};

export const inspectDrivers: Handler = async (context) => {
  const { drivers } = await context.engine();
  const values: unknown[] = [];
  const failures: unknown[] = [];
  for (const name of context.args) {
    try {
      values.push(driverValue(await drivers.inspect(name)));
    } catch (error) {
      failures.push(error);
    }
  }
  return { output: { kind: 'objects', values, format: context.flags.string('format') }, failures };
};

export const addDriver: Handler = async (context) => {
  const { drivers } = await context.engine();
  const driver = await drivers.add(context.args[0]!, { signal: context.interrupt.signal });
  return { output: { kind: 'lines', lines: [`Added ${nameOf(driver)}`, ...usableLines(driver)] } };
};

export const removeDrivers: Handler = async (context) => {
  const { drivers } = await context.engine();
  return eachTarget(context.args, async (name) => (await drivers.remove(name)).package);
};

export const upgradeDrivers: Handler = async (context) => {
  const { args, flags, interrupt } = context;
  const from = flags.string('from');
  if (from !== undefined && args.length > 1)
    throw flags.invalid('from', from, 'it fits one driver only; name just that one');
  const { drivers } = await context.engine();
  const options = { signal: interrupt.signal, ...(from === undefined ? {} : { spec: from }) };
  return eachTarget(context.args, async (name) => {
    const { from: before, driver } = await drivers.upgrade(name, options);
    return `Upgraded ${nameOf(driver)}, which was ${before}`;
  });
};

function nameOf(driver: DriverStatus): string {
  const { package: origin, kind, id } = driver;
  return `${origin?.name ?? id}@${driver.version}: the ${kind} driver ${id}`;
}

/** What to type next; or why it does not work here. */
function usableLines({ kind, id, probe }: DriverStatus): string[] {
  if (!probe.supported) return [`It does not work here: ${probe.reason}`, `hint: ${probe.hint}`];
  if (kind === 'layer') return [`Use it with --storage=${id}`];
  return [`Use it with ${kind} = "${id}" in config.toml`];
}
