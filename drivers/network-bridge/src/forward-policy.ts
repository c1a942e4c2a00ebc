/**
 * Living with somebody else's firewall. An accept in our table does not overrule a drop in another one, so where the
 * chain FORWARD drops by default (Docker sets that), two rules at its end let our bridges through. What really may
 * pass is decided by our own table. The rules have the form that iptables writes, because iptables refuses to read a
 * table with any other.
 */
import { readFile } from 'node:fs/promises';
import type { Exec, Log } from '@strata/core';
import type { ForwardChain, NftCommand } from './nft-command.ts';

const LEGACY = [
  ['iptables-legacy', '/proc/net/ip_tables_names'],
  ['ip6tables-legacy', '/proc/net/ip6_tables_names'],
] as const;

export class ForwardPolicy {
  readonly #nft: NftCommand;
  readonly #exec: Exec;
  readonly #log: Log;

  constructor(nft: NftCommand, exec: Exec, log: Log) {
    this.#nft = nft;
    this.#exec = exec;
    this.#log = log;
  }

  /** Let these bridges through; `chains` as they are now. Says where: {@link isAdmitted} compares with it. */
  async admit(bridges: readonly string[], chains: readonly ForwardChain[]): Promise<readonly string[]> {
    const closed = chains.filter(({ drops }) => drops).filter(isIptables);
    for (const chain of closed) await this.#admitNft(bridges, chain);
    const legacy = await this.#legacy();
    for (const program of legacy) await this.#admitLegacy(program, bridges);
    return [...closed.map(nameOf), ...legacy];
  }

  /** Has nobody closed another chain since `admit`? Costs no process. */
  async isAdmitted(admitted: readonly string[], chains: readonly ForwardChain[]): Promise<boolean> {
    const closed = chains.filter(({ drops }) => drops).filter(isIptables);
    return [...closed.map(nameOf), ...(await this.#legacy())].every((name) => admitted.includes(name));
  }

  /** One sentence for each chain that we cannot open. */
  warn(chains: readonly ForwardChain[]): void {
    for (const chain of chains.filter(({ drops, table }) => drops || table === 'firewalld'))
      if (!isIptables(chain)) this.#log.warn(blockedBy(chain));
  }

  /** Take our rules out again, wherever they are. */
  async dismiss(bridges: readonly string[], chains: readonly ForwardChain[]): Promise<void> {
    for (const chain of chains.filter(isIptables)) {
      const ours = (await this.#nft.rules(chain)).filter(({ text }) =>
        bridges.some((name) => accepts(name).includes(text)),
      );
      const where = nameOf(chain);
      if (ours.length > 0)
        await this.#nft.apply(ours.map(({ handle }) => `delete rule ${where} handle ${handle}\n`).join(''));
    }
    for (const program of await this.#legacy()) {
      const present = await this.#legacyRules(program);
      for (const rule of legacyRules(bridges).filter((text) => present.includes(`-A FORWARD ${text}`)))
        await this.#exec.run(program, ['-w', '5', '-D', 'FORWARD', ...rule.split(' ')]);
    }
  }

  async #admitNft(bridges: readonly string[], chain: ForwardChain): Promise<void> {
    const rules = await this.#nft.rules(chain);
    const present = new Set(rules.map(({ text }) => text));
    const missing = bridges.flatMap(accepts).filter((text) => !present.has(text));
    if (missing.length === 0) return;
    // Behind the administrator's own rules, unless the last of them refuses everything.
    const verb = rules.some(({ text }) => /^(drop|reject\b.*)$/.test(text)) ? 'insert' : 'add';
    const where = nameOf(chain);
    await this.#nft.apply(
      missing.map((text) => `${verb} rule ${where} ${text.replace(/accept$/, 'counter accept')}\n`).join(''),
    );
  }

  async #admitLegacy(program: string, bridges: readonly string[]): Promise<void> {
    const present = await this.#legacyRules(program);
    if (!present.includes('-P FORWARD DROP')) return;
    for (const rule of legacyRules(bridges).filter((text) => !present.includes(`-A FORWARD ${text}`)))
      await this.#exec.run(program, ['-w', '5', '-A', 'FORWARD', ...rule.split(' ')]);
  }

  async #legacyRules(program: string): Promise<readonly string[]> {
    return (await this.#exec.run(program, ['-w', '5', '-S', 'FORWARD'])).stdout.split('\n');
  }

  /** Programs of the old iptables whose `filter` table is in use: asking it otherwise would load the module. */
  async #legacy(): Promise<string[]> {
    const used: string[] = [];
    for (const [program, names] of LEGACY) {
      const tables = await readFile(names, 'utf8').catch(() => '');
      if (tables.split('\n').includes('filter') && (await this.#exec.find(program)) !== undefined)
        used.push(program);
    }
    return used;
  }
}

function blockedBy({ family, table, chain }: ForwardChain): string {
  if (table === 'firewalld')
    return 'firewalld rejects forwarded packets of unknown interfaces: run `firewall-cmd --zone=trusted --add-interface=sb-…` for the bridges of Strata';
  return `The firewall chain ${family} ${table} ${chain} drops forwarded packets, so containers may not reach the outside: allow the interfaces sb-* there`;
}

/** The chain that iptables-nft keeps, and with it Docker, ufw and others. */
function isIptables({ family, table, chain }: ForwardChain): boolean {
  return ['ip', 'ip6'].includes(family) && table === 'filter' && chain === 'FORWARD';
}

function nameOf({ family, table, chain }: ForwardChain): string {
  return `${family} ${table} ${chain}`;
}

function accepts(bridge: string): string[] {
  return [`iifname "${bridge}" accept`, `oifname "${bridge}" accept`];
}

function legacyRules(bridges: readonly string[]): string[] {
  return bridges.flatMap((bridge) => [`-i ${bridge} -j ACCEPT`, `-o ${bridge} -j ACCEPT`]);
}
