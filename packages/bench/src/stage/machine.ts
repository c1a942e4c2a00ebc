import { readFile } from 'node:fs/promises';
import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import type { Host } from '@strata/core';
import type { Machine } from '../report.ts';

const TOOLS: readonly (readonly [name: string, ...args: string[]])[] = [
  ['runc', '--version'],
  ['crun', '--version'],
  ['btrfs', '--version'],
  ['mkfs.ext4', '-V'],
  ['fio', '--version'],
  ['iperf3', '--version'],
];

/** Where this is measured. No host name: reports are shown to others. */
export async function describeMachine(host: Host, loadBefore: number): Promise<Machine> {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: release(),
    os: await distribution(),
    architecture: arch(),
    node: process.version,
    tools: await versions(host),
    load: [round(loadBefore), round(loadavg()[0]!)],
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;

async function distribution(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? 'Linux';
}

async function versions(host: Host): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [name, ...args] of TOOLS) {
    if ((await host.exec.find(name)) === undefined) continue;
    const { stdout, stderr } = await host.exec.run(name, args, { okCodes: [0, 1] }).catch(() => ({
      stdout: '',
      stderr: '',
    }));
    const line = (stdout || stderr).split('\n')[0]!.trim();
    if (line !== '') found[name] = line;
  }
  return found;
}
