/** Run the suites named, one after another, and print a line of TAP for each result, unnumbered. */
import { inspect } from 'node:util';
import type { CaseResult } from '@strata/conformance';
import { isStrataError } from '@strata/core';
import { suites } from '../suites/index.ts';

function describe(error: unknown): string {
  const facts = isStrataError(error)
    ? `\n${error.code} ${inspect(error.context)} ${inspect(error.cause)}`
    : '';
  return `${error instanceof Error ? (error.stack ?? error.message) : inspect(error)}${facts}`;
}

function report(suite: string, result: CaseResult): void {
  const name = `${suite} > ${result.name}`.replaceAll('#', '\\#');
  if (result.outcome === 'excluded') console.log(`ok - ${name} # SKIP ${result.reason}`);
  else if (result.outcome === 'passed') console.log(`ok - ${name} # ${Math.round(result.milliseconds)} ms`);
  else console.log(`not ok - ${name}\n${describe(result.error).replace(/^/gm, '#   ')}`);
}

for (const name of process.argv.slice(2)) {
  const start = performance.now();
  try {
    const load = suites[name];
    if (load === undefined) throw new Error('there is no such suite');
    const { default: cases } = await load();
    for await (const result of cases()) report(name, result);
  } catch (error) {
    report(name, { name: 'ends without an error', outcome: 'failed', milliseconds: 0, error });
  }
  console.log(`# ${name}: ${Math.round((performance.now() - start) / 1000)} s`);
}
