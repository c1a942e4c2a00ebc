import type { CreateRequest } from '@strata/engine';
import type { Flags } from '../parse/flag-reader.ts';

type Policy = NonNullable<CreateRequest['restart']>;

/** `--restart`, of create, run and update. */
export function readPolicy(flags: Flags): Policy | undefined {
  const text = flags.string('restart');
  if (text === undefined || text === '') return undefined;
  const [, name, maximum] = /^(no|always|unless-stopped|on-failure)(?::(\d{1,9}))?$/.exec(text) ?? [];
  if (name === undefined || (maximum !== undefined && name !== 'on-failure'))
    throw flags.invalid('restart', text, 'the policies are no, always, unless-stopped and on-failure[:n]');
  return { name: name as Policy['name'], maximum: Number(maximum ?? 0) };
}
