import { type DriverContext, isStrataError, type ProbeResult } from '@strata/core';
import type { BridgeOptions } from './bridge-options.ts';
import { baseRules } from './ruleset.ts';

/** The real thing in a network namespace that ends with the command, so nothing can be left behind. */
export async function probeBridge({ host }: DriverContext<BridgeOptions>): Promise<ProbeResult> {
  for (const program of ['ip', 'nft', 'nsenter', 'unshare'])
    if ((await host.exec.find(program)) === undefined) {
      const hint = 'Install iproute2, nftables and util-linux';
      return { supported: false, reason: `the program ${program} is not installed`, hint };
    }
  const alone = (program: string, args: string[], input: string) =>
    host.exec.run('unshare', ['--net', '--', program, ...args], { input });
  const links =
    'link add name sb-probe type bridge\nlink add name sv-probe master sb-probe type veth peer name eth0\n';
  try {
    await alone('ip', ['-batch', '-'], links);
    await alone('nft', ['-f', '-'], baseRules('strata_probe'));
    return { supported: true };
  } catch (error) {
    if (!isStrataError(error)) throw error;
    const reason = String(error.context.stderr ?? error.message)
      .trim()
      .split('\n')[0]!;
    return {
      supported: false,
      reason: `this host cannot make a bridge with NAT: ${reason}`,
      hint: 'It needs root and a kernel with bridge, veth and nf_tables (nft_nat, nft_masq, nft_fib_inet, nft_ct)',
    };
  }
}
