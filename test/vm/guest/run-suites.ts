/**
 * Inside the machine: run the suites named, or all, and print TAP (https://testanything.org). The first by itself, for it
 * measures; the others two at a time, in processes of their own: most of them wait for programs to start.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suites } from '../suites/index.ts';

const LANES = 2;
const ATTEMPTS = 3;
const lane = join(import.meta.dirname, 'run-lane.js');
/** Of a Node that crashed or failed a check of its own; the kernel's and the tests' ways to end a process are others. */
const CRASHES: readonly unknown[] = ['SIGSEGV', 'SIGILL', 'SIGBUS', 'SIGTRAP'];
const counts = { passed: 0, failed: 0, excluded: 0 };
let number = 0;

function count(line: string): string {
  const [, not, rest] = /^(not )?ok - (.*)$/.exec(line) ?? [];
  if (rest === undefined) return line;
  number++;
  counts[not === undefined ? (rest.includes(' # SKIP ') ? 'excluded' : 'passed') : 'failed']++;
  return `${not ?? ''}ok ${number} - ${rest}`;
}

/**
 * A Node that crashes before its first result is started again, and the log says so: emulation is not exact, and
 * nothing of ours has been tried yet. What made it crash most is gone (bundle.ts).
 */
async function run(names: readonly string[], attempt = 1): Promise<void> {
  const child = spawn(process.execPath, [...process.execArgv, lane, ...names], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? code)),
  );
  let results = 0;
  for await (const line of createInterface(child.stdout)) {
    results++;
    console.log(count(line));
  }
  const status = await ended;
  if (attempt < ATTEMPTS && results === 0 && CRASHES.includes(status)) {
    console.log(`# ${names.join(', ')}: ended by ${status} before it began, started again`);
    return run(names, attempt + 1);
  }
  if (status !== 0) console.log(count(`not ok - ${names.join(', ')}: the process ended with ${status}`));
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
