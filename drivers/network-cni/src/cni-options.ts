import type { OptionsSchema, SchemaIssue } from '@strata/core';

export interface CniOptions {
  /** A configuration list; `undefined`: the first one of `directory`, as container runtimes choose it. */
  readonly conflist: string | undefined;
  readonly directory: string;
  /** CNI_PATH: where plugins are. */
  readonly plugins: readonly string[];
}

const known = ['conflist', 'directory', 'plugins'];
/** Debian's containernetworking-plugins; then where upstream's releases are unpacked. */
const PLUGINS = ['/usr/lib/cni', '/opt/cni/bin'];

export const cniOptions: OptionsSchema<CniOptions> = {
  '~standard': { version: 1, vendor: 'strata', validate },
};

function validate(value: unknown) {
  const given = (value ?? {}) as Record<string, unknown>;
  const issues: SchemaIssue[] = Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => ({ message: `the cni driver has the options ${known.join(', ')}`, path: [name] }));
  const path = (name: string, text: unknown): string => {
    if (typeof text !== 'string' || !text.startsWith('/') || text.includes(':') || text.includes('\0'))
      issues.push({ message: 'must be an absolute path', path: [name] });
    return String(text);
  };
  const named = typeof given.plugins === 'string' ? given.plugins.split(',') : (given.plugins ?? PLUGINS);
  const plugins = (Array.isArray(named) ? named : [named]).map((one) => path('plugins', one));
  const conflist = given.conflist === undefined ? undefined : path('conflist', given.conflist);
  const directory = path('directory', given.directory ?? '/etc/cni/net.d');
  return issues.length > 0 ? { issues } : { value: { conflist, directory, plugins } };
}
