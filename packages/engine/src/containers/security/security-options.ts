import { StrataError } from '@strata/core';

export interface SecurityOptions {
  readonly noNewPrivileges: boolean;
  readonly seccomp: string | undefined;
  readonly openSystemPaths: boolean;
}

/** docker run --security-opt. What this host cannot enforce is refused. @throws invalid-argument, unsupported */
export function parseSecurityOptions(options: readonly string[]): SecurityOptions {
  let parsed: SecurityOptions = { noNewPrivileges: false, seccomp: undefined, openSystemPaths: false };
  for (const option of options) {
    const [name, value] = split(option);
    if (name === 'no-new-privileges' && ['', 'true', 'false'].includes(value))
      parsed = { ...parsed, noNewPrivileges: value !== 'false' };
    else if (name === 'seccomp' && value !== '') parsed = { ...parsed, seccomp: value };
    else if (name === 'systempaths' && value === 'unconfined') parsed = { ...parsed, openSystemPaths: true };
    // Nothing to confine with, so nothing to take away.
    else if ((name === 'apparmor' && value === 'unconfined') || (name === 'label' && value === 'disable'))
      continue;
    else if (name === 'apparmor' || name === 'label')
      throw new StrataError(
        'unsupported',
        'SECURITY_OPTION_UNSUPPORTED',
        `${name} confinement is not supported`,
        {
          hint: `Use --security-opt ${name === 'label' ? 'label=disable' : 'apparmor=unconfined'}`,
        },
      );
    else
      throw new StrataError(
        'invalid-argument',
        'SECURITY_OPTION_INVALID',
        `Unknown security option ${JSON.stringify(option)}`,
        { hint: 'Known: no-new-privileges, seccomp=FILE|unconfined, systempaths=unconfined' },
      );
  }
  return parsed;
}

function split(option: string): [string, string] {
  const at = option.search(/[=:]/);
  return at < 0 ? [option, ''] : [option.slice(0, at), option.slice(at + 1)];
}
