/** The rows of docs/performance.md: what is done, and how well Strata means to do it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from './engines.ts';
import type { Peers } from './peers.ts';
import { attempt, type Command, many, must, run } from './shell.ts';

export interface Goal {
  /** Times the best peer. */
  readonly times: number;
  /** Engines of ours that it is for. */
  readonly of: string;
}

export interface Row {
  readonly title: string;
  readonly what: string;
  readonly goals: readonly Goal[];
  /** Instead of the number asked for: more of what is short, where noise counts for more. */
  readonly rounds?: number;
  /** The first of a hundred warms up; no round of its own for that. */
  readonly warm?: true;
  /** Undefined: this engine does not take part. */
  measure(engine: Engine, peers: Peers): Promise<number | undefined>;
  /** After all rounds. */
  tidy?(engine: Engine, peers: Peers): Promise<void>;
}

const NAME = `strata-bench-${process.pid}`;
const START = 100;
/** For commands of a tenth of a second. */
const SHORT = 11;
/** Before each measurement: what others do after a command, such as deleting, is over; in ms. */
const REST = 300;

async function timed(engine: Engine, command: Command | undefined): Promise<number | undefined> {
  if (command === undefined) return undefined;
  await sleep(REST);
  const { code, seconds, output } = await run(command, { env: engine.env });
  if (code !== 0)
    throw new Error(
      `${engine.name}: ${command.slice(0, 4).join(' ')} … ended with ${code}: ${output.slice(-300)}`,
    );
  return seconds;
}

/** The image is here, and a container with our name runs. */
async function ready(engine: Engine, peers: Peers): Promise<boolean> {
  if (engine.start === undefined || engine.removeAll === undefined) return false;
  await must(engine.pull(peers.image), engine.env);
  await attempt(engine.removeAll([NAME]), engine.env);
  await must(engine.start(NAME, peers.image), engine.env);
  return true;
}

/** What others have written is on disk. */
async function settle(): Promise<void> {
  await sleep(1000);
  await must(['sync']);
}

async function removeNamed(engine: Engine): Promise<void> {
  if (engine.removeAll !== undefined) await attempt(engine.removeAll([NAME]), engine.env);
}

/** Measured with the starts of the containers, by engine, in the order of the rounds. */
const removals = new Map<string, number[]>();

const pulls: readonly Row[] = [
  {
    title: 'pull and unpack',
    what: 'five layers, 400 MB, 13,000 files, from a registry on loopback',
    goals: [
      { times: 0.4, of: 'strata overlay' },
      { times: 0.6, of: 'strata btrfs' },
    ],
    async measure(engine, peers) {
      await engine.forget();
      await settle();
      return timed(engine, engine.pull(peers.image));
    },
  },
  {
    title: 'pull of an image that shares four of five layers',
    what: 'the first four are here, as another image',
    goals: [{ times: 0.3, of: 'strata overlay' }],
    async measure(engine, peers) {
      await engine.forget();
      await must(engine.pull(peers.parentImage), engine.env);
      await settle();
      return timed(engine, engine.pull(peers.image));
    },
  },
  {
    title: 'pull of an image that is here',
    what: 'nothing to do but ask the registry',
    goals: [{ times: 0.3, of: 'strata overlay' }],
    rounds: SHORT,
    async measure(engine, peers) {
      await must(engine.pull(peers.image), engine.env);
      return timed(engine, engine.pull(peers.image));
    },
  },
];

const containers: readonly Row[] = [
  {
    title: 'run --rm, no network',
    what: '`true`, from the start of the command to its end',
    goals: [{ times: 0.6, of: 'strata overlay' }],
    rounds: SHORT,
    async measure(engine, peers) {
      if (engine.run === undefined) return undefined;
      return timed(engine, engine.run({ network: 'none', image: peers.image }));
    },
  },
  {
    title: 'run --rm, bridge',
    what: 'the same on a bridge',
    goals: [{ times: 0.4, of: 'strata overlay' }],
    rounds: SHORT,
    async measure(engine, peers) {
      if (engine.run === undefined || engine.name === 'containerd') return undefined;
      return timed(engine, engine.run({ network: 'bridge', image: peers.image }));
    },
  },
  {
    title: 'exec',
    what: '`true` in a running container',
    goals: [{ times: 0.8, of: 'strata overlay' }],
    rounds: SHORT,
    async measure(engine, peers) {
      if (engine.exec === undefined || !(await ready(engine, peers))) return undefined;
      return timed(engine, engine.exec(NAME));
    },
    tidy: removeNamed,
  },
  {
    title: 'commit of one changed file',
    what: 'of a running container',
    goals: [{ times: 0.8, of: 'strata overlay' }],
    rounds: SHORT,
    async measure(engine, peers) {
      if (engine.commit === undefined || !(await ready(engine, peers))) return undefined;
      const [program, ...words] = engine.exec!(NAME);
      await must([program!, ...words.slice(0, -1), 'sh', '-c', 'echo hi >/etc/motd'], engine.env);
      return timed(engine, engine.commit(NAME, `${NAME}-image`));
    },
    async tidy(engine) {
      await removeNamed(engine);
      const [program, ...words] = engine.commit!('a', 'b');
      const at = words.indexOf('commit');
      await attempt([program!, ...words.slice(0, at), 'rmi', '-f', `${NAME}-image`], engine.env);
    },
  },
  {
    title: `${START} × run -d, eight at a time`,
    what: 'until the last is running',
    goals: [{ times: 0.6, of: 'strata overlay' }],
    warm: true,
    async measure(engine, peers) {
      if (engine.start === undefined || engine.removeAll === undefined) return undefined;
      const seconds = await many(START, 8, (n) => engine.start!(`${NAME}-${n}`, peers.image), engine.env);
      const all = Array.from({ length: START }, (_, n) => `${NAME}-${n + 1}`);
      const removal = (await timed(engine, engine.removeAll(all)))!;
      removals.set(engine.name, [...(removals.get(engine.name) ?? []), removal]);
      return seconds;
    },
  },
  {
    title: `rm -f of all ${START}`,
    what: 'one command',
    goals: [{ times: 0.6, of: 'strata overlay' }],
    warm: true,
    async measure(engine) {
      return removals.get(engine.name)?.shift();
    },
  },
  {
    title: 'ps',
    what: 'with nothing running',
    goals: [],
    rounds: SHORT,
    async measure(engine) {
      return timed(engine, engine.list?.());
    },
  },
];

export const rows: readonly Row[] = [...pulls, ...containers];
