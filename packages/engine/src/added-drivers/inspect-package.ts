/**
 * What a package exports, seen by importing it in a process of its own: it may throw, hang, print or exit there.
 */
import { pathToFileURL } from 'node:url';
import {
  type AnyDriverDefinition,
  type DriverKind,
  type Host,
  isStrataError,
  type PoolDefinition,
} from '@strata/core';
import { validateDefinitions } from '../drivers/validate-definition.ts';
import { type PackageName, packageError } from './package-error.ts';

export interface DefinitionFacts {
  readonly kind: DriverKind;
  readonly id: string;
  readonly apiVersion: number;
  readonly summary: string;
  readonly pool: PoolDefinition | undefined;
}

const MARK = '\u0001strata-driver:';
const TIMEOUT = 15_000;
const ANY_EXIT = Array.from({ length: 256 }, (_, code) => code);

const script = `
const say = (value) => process.stdout.write('\\n' + ${JSON.stringify(MARK)} + JSON.stringify(value) + '\\n', () => process.exit(0));
try {
  const { default: main } = await import(process.argv[1]);
  const d = main?.default?.kind === undefined ? main : main.default;
  const plain = typeof d === 'object' && d !== null;
  say(plain ? {
    kind: d.kind, id: d.id, apiVersion: d.apiVersion, summary: d.summary, pool: d.pool,
    probe: typeof d.probe, create: typeof d.create, validate: typeof d.options?.['~standard']?.validate,
  } : { exported: typeof d });
} catch (error) {
  say({ failed: String(error?.message ?? error).split('\\n')[0] });
}
`;

interface Said {
  readonly failed?: string;
  readonly exported?: string;
  readonly probe?: string;
  readonly create?: string;
  readonly validate?: string;
}

/** @throws invalid-argument, naming the package and what is wrong with it */
export async function inspectPackage(host: Host, name: PackageName, entry: string): Promise<DefinitionFacts> {
  const said = await importElsewhere(host, name, entry);
  if (said.failed !== undefined)
    throw packageError(name, {
      code: 'DRIVER_IMPORT_FAILED',
      message: `cannot be imported: ${said.failed}`,
      hint: /'@strata\/core' does not provide an export/.test(said.failed)
        ? 'It was written for a newer Strata: update Strata, or add an older version of the driver'
        : 'Was it built before it was packed? "files" and "exports" of its package.json must cover the code',
    });
  if (said.exported !== undefined)
    throw packageError(name, {
      code: 'DRIVER_INVALID',
      message: 'has no DriverDefinition as its default export',
      hint: 'See docs/drivers.md for what a driver package exports',
    });
  return checked(name, said);
}

async function importElsewhere(host: Host, name: PackageName, entry: string): Promise<Said> {
  const args = ['--input-type=module', '-e', script, pathToFileURL(entry).href];
  let stdout: string;
  let ending: string;
  try {
    const result = await host.exec.run(process.execPath, args, { timeout: TIMEOUT, okCodes: ANY_EXIT });
    stdout = result.stdout;
    // Node's own status for a top-level await that never settles.
    ending = result.exitCode === 13 ? 'waits forever' : `ends the process (exit status ${result.exitCode})`;
  } catch (error) {
    stdout = '';
    ending = isStrataError(error, 'PROGRAM_TIMEOUT')
      ? `does not end within ${TIMEOUT / 1000} s`
      : 'crashes Node.js';
  }
  const line = stdout.split('\n').find((text) => text.startsWith(MARK));
  if (line !== undefined) return JSON.parse(line.slice(MARK.length)) as Said;
  throw packageError(name, {
    code: 'DRIVER_IMPORT_FAILED',
    message: `cannot be used: importing it ${ending}`,
    hint: `Importing a driver must do nothing; report it to the author of ${name.name}`,
  });
}

function checked(name: PackageName, said: Said): DefinitionFacts {
  const stand = (type: string | undefined) => (type === 'function' ? () => undefined : undefined);
  const definition = {
    ...said,
    probe: stand(said.probe),
    create: stand(said.create),
    options: { '~standard': { validate: stand(said.validate) } },
  } as unknown as AnyDriverDefinition;
  try {
    validateDefinitions([definition]);
  } catch (error) {
    if (!isStrataError(error)) throw error;
    const { code, message, hint } = error;
    throw packageError(name, {
      code,
      message: `cannot be used: ${message}`,
      ...(hint === undefined ? {} : { hint }),
      cause: error,
    });
  }
  const { kind, id, apiVersion, summary, pool } = definition;
  if (pool !== undefined && !isPool(pool))
    throw packageError(name, {
      code: 'DRIVER_INVALID',
      message: 'cannot be used: its pool is not a PoolDefinition',
    });
  return { kind, id, apiVersion, summary: oneLine(summary), pool };
}

/** It is printed in lists: no control characters, no paragraphs. */
function oneLine(summary: unknown): string {
  return String(summary ?? '')
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .slice(0, 200);
}

function isPool({ filesystem, format, minimumBytes }: PoolDefinition): boolean {
  const words =
    Array.isArray(format) && format.length > 0 && format.every((word) => typeof word === 'string');
  return typeof filesystem === 'string' && words && Number.isSafeInteger(minimumBytes);
}
