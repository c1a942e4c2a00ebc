import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Handler } from '../context.ts';

declare const STRATA_VERSION: string | undefined;

/** Put in by the build; read from the package when running from source. */
export function version(): string {
  if (typeof STRATA_VERSION === 'string') return STRATA_VERSION;
  const manifest = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

export function versionLine(): string {
  return `Strata version ${version()}`;
}

export const handler: Handler = async ({ flags }) => {
  const facts = {
    Arch: process.arch === 'x64' ? 'amd64' : process.arch,
    Node: process.version,
    Os: process.platform,
    Version: version(),
  };
  const text = [
    'Strata:',
    ` Version:    ${facts.Version}`,
    ` Node:       ${facts.Node}`,
    ` OS/Arch:    ${facts.Os}/${facts.Arch}`,
  ];
  const value = { ...facts, Client: facts, Server: facts };
  return { output: { kind: 'objects', values: [value], single: true, format: flags.string('format'), text } };
};
