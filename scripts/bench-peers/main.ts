import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { containerd, docker, type Engine, podman, strata } from './engines.ts';
import { keptMemory, largeStore } from './large-store.ts';
import { openPeers, type Peers } from './peers.ts';
import { type RowResult, writeReport } from './report.ts';
import { type Row, rows } from './rows.ts';
import { attempt, must, run } from './shell.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    row: { type: 'string', multiple: true },
    output: { type: 'string', default: resolve(import.meta.dirname, '../../docs/performance.md') },
  },
});

const rounds = Number(values.rounds);
const peers = openPeers(process.env.STRATA_PEERS);
const engines: readonly Engine[] = [
  podman(peers),
  docker(peers),
  containerd(peers),
  strata(peers, { name: 'strata overlay', storage: 'overlay', base: peers.ext4 }),
  strata(peers, { name: 'strata overlay, no standby', storage: 'overlay', base: peers.ext4, standby: false }),
  strata(peers, { name: 'strata overlay, no syncfs', storage: 'overlay', base: peers.ext4, durable: false }),
  strata(peers, { name: 'strata btrfs', storage: 'btrfs', base: peers.btrfs }),
];
const started = new Date();
const before = loadavg()[0]!;
const further: string[] = [];

let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    interrupted = true;
    console.error('stopping after this one; what was measured is kept');
  });

try {
  for (const engine of engines) await engine.open?.();
  const results: RowResult[] = [];
  const chosen = rows.filter(({ title }) => values.row?.some((text) => title.includes(text)) ?? true);
  for (const row of chosen) if (!interrupted) results.push(await measure(row));
  // What was measured is not lost with what was not.
  if (values.row === undefined && !interrupted)
    await extras().catch((error: unknown) => further.push(`not measured: ${(error as Error).message}`));
  const report = writeReport(results, {
    engines: engines.map(({ name }) => name),
    peers: engines.filter((engine) => !engine.strata).map(({ name }) => name),
    versions: await versions(),
    os: /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux',
    load: [before, loadavg()[0]!],
    rounds,
    started,
    further,
  });
  writeFileSync(values.output, report);
  console.error(`${values.output} written`);
} finally {
  for (const engine of engines) await engine.close?.();
}

/** Rounds of all engines in turn; who begins changes. Round 0 warms up. */
async function measure(row: Row): Promise<RowResult> {
  const samples = new Map<string, number[]>();
  const failures = new Map<string, string>();
  const last = row.rounds ?? rounds;
  for (let round = row.warm ? 1 : 0; round <= last && !interrupted; round++) {
    for (let turn = 0; turn < engines.length; turn++) {
      const engine = engines[(turn + round) % engines.length]!;
      if (failures.has(engine.name) || interrupted) continue;
      try {
        const seconds = await row.measure(engine, peers);
        if (seconds === undefined || round === 0) continue;
        samples.set(engine.name, [...(samples.get(engine.name) ?? []), seconds]);
      } catch (error) {
        failures.set(engine.name, (error as Error).message);
      }
    }
  }
  for (const engine of engines) {
    if (samples.has(engine.name)) await row.tidy?.(engine, peers);
  }
  const inOrder = new Map(
    engines.flatMap(({ name }) => (samples.has(name) ? [[name, samples.get(name)!]] : [])),
  );
  for (const [name, all] of inOrder)
    console.error(`${row.title}: ${name} ${all.map((s) => s.toFixed(3)).join(' ')}`);
  for (const [name, reason] of failures) console.error(`${row.title}: ${name} failed: ${reason}`);
  return { row, samples: inOrder, failures };
}

/** Figures that are no comparison of times. */
async function extras(): Promise<void> {
  // What a process of its own takes: of a standby, time and memory were spent before.
  const own = engines.find(({ name }) => name === 'strata overlay, no standby')!;
  await own.forget();
  const pulled = await run(own.pull(peers.image), { env: own.env, watchMemory: true });
  further.push(
    `peak of \`strata pull\`: ${(pulled.peak / 2 ** 20).toFixed(0)} MiB resident (goal: at most 250)`,
  );
  further.push(await floor(own));
  further.push(await largeStore(own, peers.image));
  further.push(await keptMemory(own, peers.image));
  const limit = await attempt([peers.program, 'limit'], { RUNS: '3' });
  for (const line of limit.split('\n'))
    if (line.includes('median'))
      further.push(`physical limit: ${line.trim().replace(/\s+/g, ' ')} (seconds)`);
}

/** What a command costs over Node itself. */
async function floor({ list, env, pull }: Engine): Promise<string> {
  const best = async (command: readonly string[]): Promise<number> => {
    const all: number[] = [];
    for (let n = 0; n < 15; n++) all.push((await run(command, { env })).seconds);
    return all.sort((a, b) => a - b)[7]! * 1000;
  };
  const node = await best([process.execPath, '-e', '0']);
  const version = await best([pull('')[0]!, '--version']);
  const ps = await best(list!());
  return `a process for each, medians of 15: \`node -e 0\` ${node.toFixed(0)} ms, \`strata --version\` ${version.toFixed(0)} ms, \`strata ps\` ${ps.toFixed(0)} ms (goal: at most 20 ms over node)`;
}

async function versions(): Promise<string[]> {
  const first = async (command: readonly string[]): Promise<string> =>
    (await attempt(command)).split('\n')[0]!.trim();
  const { version } = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../packages/cli/package.json'), 'utf8'),
  ) as { version: string };
  const commit = (await must(['git', 'rev-parse', '--short', 'HEAD'])).trim();
  return [
    `Strata ${version}, commit ${commit}, Node ${process.version}`,
    await first(['docker', '--version']),
    await first(['podman', '--version']),
    await first(['containerd', '--version']),
    await first(['runc', '--version']),
  ];
}

export type { Peers };
