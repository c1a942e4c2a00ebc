/** The suite is worth something: each fault of a runtime driver is caught by the case that names it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { openRuntimeContext, runCase, runtimeDriverCases } from '@strata/conformance';
import type { MonitoredProcess, RuntimeDriver } from '@strata/core';
import { createHost } from '@strata/host';
import { expect, it } from 'vitest';
import definition from '../src/index.ts';

const host = createHost();

type Broken = (sound: RuntimeDriver) => Partial<RuntimeDriver>;

const faults: readonly (readonly [fault: string, caughtBy: string, broken: Broken])[] = [
  ['starts in create', 'NothingRunsBeforeStart', startsInCreate],
  [
    'says 0 for every exit',
    'ExitCodes',
    (sound) => ({ wait: async (...a) => ({ ...(await sound.wait(...a)), code: 0 }) }),
  ],
  [
    'forgets an exit once it was told',
    'ExitCodes',
    (sound) => ({ poll: () => undefined, wait: sound.wait.bind(sound) }),
  ],
  [
    'sends another signal',
    'SignalsArrive',
    (sound) => ({ kill: (id, _signal, options) => sound.kill(id, 9, options) }),
  ],
  [
    'signals nobody and says nothing',
    'NobodyToSignal',
    (sound) => ({ kill: (...a) => sound.kill(...a).catch(() => undefined) }),
  ],
  ['cannot delete twice', 'DeleteIsIdempotent', deletesOnce],
  [
    'does not tell 126 and 127',
    'CommandsThatCannotRun',
    (sound) => ({
      create: (container) =>
        sound.create(container).catch(() => {
          throw new Error('failed');
        }),
    }),
  ],
  [
    'takes giving up for an end',
    'WaitingCanBeGivenUp',
    (sound) => ({
      wait: (...a) =>
        sound.wait(...a).catch(() => ({ code: 0, at: new Date(), oomKilled: false, lost: false })),
    }),
  ],
  [
    'takes a lost monitor for an exit',
    'AMonitorThatDied',
    (sound) => ({ wait: async (...a) => ({ ...(await sound.wait(...a)), lost: false }) }),
  ],
  ['loses standard error', 'OutputFromTheFirstByteToTheLast', losesStandardError],
  ['names nothing', 'StateFollowsTheContainer', () => ({ list: async () => [] })],
  ['knows only what it made itself', 'AnotherProcessGoesOn', knowsItsOwn],
];

it.each(faults)('a driver that %s is caught by %s', async (_, name, broken) => {
  const test = runtimeDriverCases.find((each) => each.name === `strata/${name}`);
  const target = openRuntimeContext({
    definition: {
      ...definition,
      async create(context: Parameters<typeof definition.create>[0]) {
        const sound = await definition.create(context);
        const members = broken(sound);
        return new Proxy(sound, {
          get: (driver, member) => {
            const found: unknown = Reflect.get(members, member) ?? Reflect.get(driver, member);
            return typeof found === 'function' ? found.bind(driver) : found;
          },
        });
      },
    },
    host,
    async createRoot() {
      const root = await mkdtemp('/dev/shm/strata-runtime-broken-');
      return {
        root,
        // Also what the broken driver would not take away.
        dispose: async () => {
          const { signal } = new AbortController();
          const sound = await definition.create({
            root,
            runDirectory: root,
            options: {},
            host,
            log: host.log,
            signal,
          });
          for (const id of await sound.list()) await sound.delete(id, { force: true });
          await rm(root, { recursive: true });
        },
      };
    },
  });
  const result = await runCase(target, test!);
  expect(result).toMatchObject({ outcome: 'failed' });
});

function startsInCreate(sound: RuntimeDriver): Partial<RuntimeDriver> {
  return {
    create: async (container) => {
      const process = await sound.create(container);
      await sound.start(process);
      return process;
    },
  };
}

function deletesOnce(sound: RuntimeDriver): Partial<RuntimeDriver> {
  const gone = new Set<string>();
  return {
    delete: async (id, options) => {
      if (gone.has(id)) throw new Error('there is no such container');
      gone.add(id);
      await sound.delete(id, options);
    },
  };
}

function losesStandardError(sound: RuntimeDriver): Partial<RuntimeDriver> {
  return {
    attach: async (process) => {
      const streams = await sound.attach(process);
      const output = streams.output.bind(streams);
      streams.output = async function* () {
        for await (const part of output()) if (part.stream === 'stdout') yield part;
      };
      return streams;
    },
  };
}

function knowsItsOwn(sound: RuntimeDriver): Partial<RuntimeDriver> {
  const mine = new Set<string>();
  return {
    create: async (container) => {
      mine.add(container.id);
      return sound.create(container);
    },
    state: async (id) => (mine.has(id) ? sound.state(id) : undefined),
    start: async (process: MonitoredProcess) => {
      if (mine.has(process.containerId)) await sound.start(process);
    },
  };
}
