/** Inside the machine: run the suites named, or all, and print TAP (https://testanything.org). */
import { inspect } from 'node:util';
import type { CaseResult } from '@strata/conformance';
import { isStrataError } from '@strata/core';
import { suites, type VmCases } from '../suites/index.ts';

const names = (process.argv[2] ?? '').split(',').filter(Boolean);
const unknown = names.filter((name) => !Object.hasOwn(suites, name));
const counts = { passed: 0, failed: 0, excluded: 0 };
let number = 0;

function describe(error: unknown): string {
  const facts = isStrataError(error)
    ? `\n${error.code} ${inspect(error.context)} ${inspect(error.cause)}`
    : '';
  return `${error instanceof Error ? (error.stack ?? error.message) : inspect(error)}${facts}`;
}

function report(suite: string, result: CaseResult): void {
  counts[result.outcome]++;
  number++;
  const name = `${suite} > ${result.name}`.replaceAll('#', '\\#');
  if (result.outcome === 'excluded') console.log(`ok ${number} - ${name} # SKIP ${result.reason}`);
  else if (result.outcome === 'passed')
    console.log(`ok ${number} - ${name} # ${Math.round(result.milliseconds)} ms`);
  else console.log(`not ok ${number} - ${name}\n${describe(result.error).replace(/^/gm, '#   ')}`);
}

async function run(name: string, load: () => Promise<{ readonly default: VmCases }>): Promise<void> {
  const start = performance.now();
  try {
    const { default: cases } = await load();
    for await (const result of cases()) report(name, result);
  } catch (error) {
    report(name, { name: 'ends without an error', outcome: 'failed', milliseconds: 0, error });
  }
  console.log(`# ${name}: ${Math.round((performance.now() - start) / 1000)} s`);
}

console.log('TAP version 13');
for (const name of unknown)
  report(name, { name: 'is a suite', outcome: 'failed', milliseconds: 0, error: new Error('there is none') });
for (const [name, load] of Object.entries(suites))
  if (names.length === 0 || names.includes(name)) await run(name, load);
console.log(`1..${number}`);
console.log(`# ${counts.passed} passed, ${counts.failed} failed, ${counts.excluded} excluded`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
