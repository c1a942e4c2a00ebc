/**
 * Inside the machine: run the suites named, or all, and print TAP (https://testanything.org). The first by itself, for it
 * measures; the others two at a time, in processes of their own: most of them wait for programs to start.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suites } from '../suites/index.ts';

const LANES = 2;
const lane = join(import.meta.dirname, 'run-lane.ts');
const counts = { passed: 0, failed: 0, excluded: 0 };
let number = 0;

function count(line: string): string {
  const [, not, rest] = /^(not )?ok - (.*)$/.exec(line) ?? [];
  if (rest === undefined) return line;
  number++;
  counts[not === undefined ? (rest.includes(' # SKIP ') ? 'excluded' : 'passed') : 'failed']++;
  return `${not ?? ''}ok ${number} - ${rest}`;
}

async function run(names: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, lane, ...names], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  for await (const line of createInterface(child.stdout)) console.log(count(line));
  const code = await ended;
  if (code !== 0) console.log(count(`not ok - ${names.join(', ')}: the process ended with ${code}`));
}

const named = (process.argv[2] ?? '').split(',').filter(Boolean);
const [first = '', ...others] = named.length > 0 ? named : Object.keys(suites);
console.log('TAP version 13');
await run([first]);
await Promise.all(
  Array.from({ length: LANES }, async () => {
    for (let name = others.shift(); name !== undefined; name = others.shift()) await run([name]);
  }),
);
console.log(`1..${number}`);
console.log(`# ${counts.passed} passed, ${counts.failed} failed, ${counts.excluded} excluded`);
process.exitCode = counts.failed > 0 || counts.passed === 0 ? 1 : 0;
