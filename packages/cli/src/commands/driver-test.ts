import { fileURLToPath, pathToFileURL } from 'node:url';
import type { AnyDriverDefinition } from '@strata/core';
import type { Handler } from '../context.ts';
import type { NetworkRun } from '../driver-test/network-run.ts';
import type { SuiteResult } from '../driver-test/run-suite.ts';
import { builtinModule, host, hostModule, importModule, ownProgram } from '../open-engine.ts';

const PATIENCE = 120_000;

/** Prints each case as it ends: a suite takes a minute. */
export const testDriver: Handler = async (context) => {
  const { args, flags, settings, io, interrupt } = context;
  const { runSuite } = await import('../driver-test/index.ts');
  const { drivers } = await context.engine();
  const counts = { passed: 0, failed: 0, excluded: 0 };
  const { signal } = interrupt;
  await drivers.borrow(
    args[0]!,
    async ({ definition, package: { name, version }, module }) => {
      await using run = await runSuite(
        { definition, module: module === undefined ? builtinModule(definition) : pathToFileURL(module).href },
        {
          host: host(settings),
          filesystem: flags.string('filesystem'),
          only: flags.list('case'),
          timeout: flags.number('timeout') ?? PATIENCE,
          elsewhere: { program: ownProgram(), host: hostModule() },
        },
      );
      const subject = `${name}@${version}: ${definition.kind} driver ${definition.id} on ${run.place}`;
      if (!settings.json) io.out(`${subject}\n`);
      for await (const result of run.results) {
        signal.throwIfAborted();
        counts[result.outcome]++;
        io.out(settings.json ? `${JSON.stringify(result)}\n` : report(result));
      }
      const last = {
        driver: definition.id,
        kind: definition.kind,
        package: name,
        version,
        on: run.place,
        ...counts,
      };
      io.out(settings.json ? `${JSON.stringify(last)}\n` : `${summary(counts)}\n`);
    },
    { signal },
  );
  return { exitCode: counts.failed > 0 || counts.passed === 0 ? 1 : 0 };
};

function report(result: SuiteResult): string {
  const { name, outcome } = result;
  if (outcome === 'excluded') return `  skip ${name}: ${result.reason}\n`;
  const time = `${Math.round(result.milliseconds)} ms`;
  const warnings = (result.warnings ?? []).map((each) => `       warning: ${each}\n`).join('');
  if (outcome === 'passed') return `  ok   ${name} (${time})\n${warnings}`;
  return `  FAIL ${name} (${time})\n${result.error.replace(/^/gm, '       ')}\n${warnings}`;
}

function summary({ passed, failed, excluded }: Record<SuiteResult['outcome'], number>): string {
  return `${passed} passed, ${failed} failed, ${excluded} excluded by what the driver declares`;
}

/** Run by `driver test` inside namespaces of its own. */
export const networkSuite: Handler = async ({ args, settings }) => {
  const run = JSON.parse(args[0]!) as NetworkRun;
  const { networkDriverCases, reportNetworkSuite } = await import('../driver-test/index.ts');
  const { default: definition } = (await importModule(run.driver)) as { default: AnyDriverDefinition };
  if (definition.kind !== 'network') throw new TypeError(`${fileURLToPath(run.driver)} is no network driver`);
  const modules = { driver: run.driver, host: run.host };
  const { directory, nodeArguments, only, timeout } = run;
  const target = { definition, host: host(settings), directory, modules, nodeArguments };
  await reportNetworkSuite(
    target,
    networkDriverCases.filter(({ name }) => only.includes(name)),
    { milliseconds: timeout },
  );
  return {};
};
