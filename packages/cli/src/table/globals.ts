import { bool, type FlagSpec, storageFlag, string } from './spec.ts';

/** Accepted before the command, and after it unless the command has a flag of that name. */
export const globalFlags: readonly FlagSpec[] = [
  bool('D,debug', 'Show causes of errors and log at debug level', { env: 'STRATA_DEBUG' }),
  string('config', 'Configuration file (default "/etc/strata/config.toml")', {
    env: 'STRATA_CONFIG',
    value: 'file',
    complete: 'file',
  }),
  bool('json', 'Machine-readable output: one JSON value per line', { env: 'STRATA_JSON' }),
  string('log-level', 'Log level on standard error: debug, info, warn, error', {
    env: 'STRATA_LOG_LEVEL',
    value: 'level',
    complete: ['debug', 'info', 'warn', 'error'],
  }),
  string('root', 'Directory of persistent state (default "/var/lib/strata")', {
    env: 'STRATA_ROOT',
    value: 'directory',
    complete: 'directory',
  }),
  string('run', 'Directory of state a reboot may take (default "/run/strata")', {
    env: 'STRATA_RUN',
    value: 'directory',
    complete: 'directory',
  }),
  storageFlag,
];
