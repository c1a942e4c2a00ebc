/** What of /proc and /sys a container must not read, or not write (moby daemon/pkg/oci/defaults.go). */
import { existsSync, readdirSync } from 'node:fs';

export const readonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

const masked: readonly string[] = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/** With the temperature sensors of each CPU, which tell neighbours apart (GHSA-6fw5-f8r9-fgfm). */
export function maskedPaths(): string[] {
  const cpus = '/sys/devices/system/cpu';
  const sensors = (existsSync(cpus) ? readdirSync(cpus) : [])
    .filter((name) => /^cpu\d+$/.test(name))
    .map((name) => `${cpus}/${name}/thermal_throttle`)
    .filter((path) => existsSync(path));
  return [...masked, ...sensors];
}
