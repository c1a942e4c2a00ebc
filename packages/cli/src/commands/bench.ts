import type { BenchPorts, BenchReport } from '@strata/bench';
import type { CommandContext, Handler } from '../context.ts';
import { version } from '../fast/version.ts';
import { host, openEngine } from '../open-engine.ts';
import { defined } from '../options/defined.ts';
import { type InstalledDrivers, withDrivers } from './bench-drivers.ts';
import { watchBench } from './bench-progress.ts';
import { checkTargets, printed, writeReports } from './bench-reports.ts';

type Bench = typeof import('../bench-bundle.ts');

function names({ flags }: CommandContext, flag: string): readonly string[] | undefined {
  const text = flags.string(flag);
  if (text === undefined) return undefined;
  const list = text.split(',').map((name) => name.trim());
  if (list.some((name) => name === ''))
    throw flags.invalid(flag, text, 'names separated by commas are needed');
  return list;
}

function runs({ flags }: CommandContext): number | undefined {
  const wanted = flags.number('runs');
  if (wanted !== undefined && (wanted < 1 || wanted > 1000))
    throw flags.invalid('runs', String(wanted), 'it must be between 1 and 1000');
  return wanted;
}

function ports(context: CommandContext, installed: InstalledDrivers): BenchPorts {
  const { settings } = context;
  return {
    host: host(settings),
    drivers: installed.definitions,
    version: version(),
    async openEngine({ root, run, storage }) {
      const opened = await openEngine({ ...settings, root, run, storage });
      await installed.equip(opened, storage);
      return opened;
    },
    userEngine: () => context.engine(),
  };
}

function checkFlags({ flags, args }: CommandContext): 'layer' | 'network' | 'cgroup' {
  const kind = args[0] ?? 'layer';
  if (kind !== 'layer' && kind !== 'network' && kind !== 'cgroup')
    throw flags.conflict(`there is no bench of "${kind}"; the kinds are layer, network, cgroup`);
  const alien =
    kind === 'layer'
      ? ['driver']
      : ['storage', 'image', 'synthetic', 'command', 'network', 'backing', 'cold'];
  const given = alien.find((name) => flags.given(name));
  if (given !== undefined) throw flags.conflict(`--${given} does not belong to a bench of ${kind} drivers`);
  if (flags.given('image') && flags.bool('synthetic'))
    throw flags.conflict('--image and --synthetic exclude each other');
  if (flags.given('command') && !flags.given('image'))
    throw flags.conflict('--command needs --image: the synthetic one has no programs');
  if (flags.given('network') && !flags.given('command'))
    throw flags.conflict('--network is for the container of --command');
  const backing = flags.string('backing');
  if (backing === '') throw flags.invalid('backing', backing, 'a directory, "loop" or "memory" is needed');
  if (flags.bool('cold') && [undefined, 'loop', 'memory'].includes(backing))
    throw flags.conflict('--cold needs --backing=DIR: otherwise first reads are cold without it');
  if (flags.bool('fail-on-regression') && !flags.given('baseline'))
    throw flags.conflict('--fail-on-regression needs --baseline');
  return kind;
}

async function measure(context: CommandContext, bench: Bench): Promise<BenchReport> {
  const { flags, interrupt, io } = context;
  const kind = checkFlags(context);
  await checkTargets(context);
  const baseline = flags.string('baseline');
  const before = baseline === undefined ? undefined : await bench.readBaseline(baseline, kind);
  using watcher = watchBench(io);
  interrupt.signal.addEventListener(
    'abort',
    () => {
      watcher.stopping();
      endOnlyAsked(interrupt);
    },
    { once: true },
  );
  const common = {
    words: ['strata', ...process.argv.slice(2)],
    signal: interrupt.signal,
    onProgress: watcher.report,
    ...defined({ workloads: names(context, 'workload'), runs: runs(context) }),
  };
  const report = await withDrivers(context, kind, {
    names: names(context, kind === 'layer' ? 'storage' : 'driver'),
    use: async (installed) => {
      const request = { ...common, ...defined({ drivers: installed.names }) };
      return kind === 'layer'
        ? bench.benchLayers(ports(context, installed), { ...request, ...layerRequest(context, bench) })
        : bench.benchKind(ports(context, installed), kind, request);
    },
  });
  return before === undefined ? report : bench.withComparison(report, before);
}

const TWICE_MS = 1000;

/**
 * Tidying up takes a moment, and who stops a command often signals twice: timeout(1) does the process and its group.
 * Only a later signal ends the process at once; the next bench then tidies up.
 */
function endOnlyAsked(interrupt: CommandContext['interrupt']): void {
  const first = performance.now();
  interrupt.release();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (performance.now() - first > TWICE_MS) process.exit(interrupt.exitCode);
    });
  }
}

function layerRequest(context: CommandContext, bench: Bench) {
  const { flags } = context;
  const reference = flags.string('image');
  return {
    backing: bench.parseBacking(flags.string('backing')),
    cold: flags.bool('cold'),
    image:
      reference === undefined ? ({ kind: 'synthetic' } as const) : ({ kind: 'image', reference } as const),
    ...defined({
      command: flags.string('command'),
      network: flags.string('network'),
    }),
  };
}

/** A driver that failed, or a figure that is worse than the baseline's or gone, is for a CI job to see. */
function exitCode({ flags, interrupt }: CommandContext, { workloads, comparison }: BenchReport): number {
  if (interrupt.exitCode !== undefined) return interrupt.exitCode;
  const failed = workloads.some(({ notMeasured }) => notMeasured.some(({ cause }) => cause === 'failed'));
  if (failed) return 1;
  if (!flags.bool('fail-on-regression') || comparison === undefined) return 0;
  const { regressions, missing = [], changes } = comparison;
  return regressions > 0 || missing.length > 0 || changes.length === 0 ? 1 : 0;
}

export const bench: Handler = async (context) => {
  const module = await import('../bench-bundle.ts');
  const report = await measure(context, module);
  const failures = await writeReports(context, module, report);
  const text = printed(context, module, report);
  return {
    output: {
      kind: 'stream',
      lines: (async function* () {
        yield* text;
      })(),
    },
    failures,
    exitCode: exitCode(context, report) || (failures.length > 0 ? 1 : 0),
  };
};
