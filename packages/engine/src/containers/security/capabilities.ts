import { readFileSync } from 'node:fs';
import { StrataError } from '@strata/core';

/** Docker's default set (moby daemon/pkg/oci/caps/defaults.go). */
const defaults = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FSETID',
  'FOWNER',
  'MKNOD',
  'NET_RAW',
  'SETGID',
  'SETUID',
  'SETFCAP',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
  'KILL',
  'AUDIT_WRITE',
];

/** capabilities(7), in the order of their numbers. */
const all = `CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE
  NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE
  SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL
  SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`
  .split(/\s+/)
  .filter(Boolean);

/** `CAP_…` names, sorted. @throws invalid-argument `CAPABILITY_UNKNOWN` */
export function capabilitiesFor(request: {
  readonly privileged?: boolean | undefined;
  readonly add?: readonly string[] | undefined;
  readonly drop?: readonly string[] | undefined;
}): string[] {
  const known = grantable();
  if (request.privileged === true) return known.map((name) => `CAP_${name}`);
  const add = (request.add ?? []).map(normalise);
  const drop = (request.drop ?? []).map(normalise);
  const set = new Set(drop.includes('ALL') ? [] : add.includes('ALL') ? known : defaults);
  for (const name of drop) set.delete(name);
  for (const name of add) {
    if (name !== 'ALL' && !known.includes(name)) throw notGrantable(name);
    if (name !== 'ALL') set.add(name);
  }
  return [...set].filter((name) => known.includes(name)).map((name) => `CAP_${name}`);
}

function normalise(text: string): string {
  const name = text.toUpperCase().replace(/^CAP_/, '');
  if (name === 'ALL' || all.includes(name)) return name;
  throw new StrataError(
    'invalid-argument',
    'CAPABILITY_UNKNOWN',
    `Unknown capability ${JSON.stringify(text)}`,
    {
      hint: 'See capabilities(7); the prefix CAP_ may be left out',
    },
  );
}

function notGrantable(name: string): StrataError {
  return new StrataError('unsupported', 'CAPABILITY_UNAVAILABLE', `This process may not grant CAP_${name}`, {
    hint: 'The bounding set of strata itself lacks it, or the kernel does not know it',
  });
}

/** Our own bounding set: inside a container or under systemd it is smaller than what the kernel knows. */
function grantable(): string[] {
  const status = readFileSync('/proc/self/status', 'utf8');
  const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  return all.filter((_, number) => ((mask >> BigInt(number)) & 1n) === 1n);
}
