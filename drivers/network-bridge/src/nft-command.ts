/** The words of nft(8) that apply and list; what the rules say is in ruleset.ts. One transaction per call. */
import { type Exec, isStrataError, StrataError } from '@strata/core';

/** A base chain that sees forwarded packets. */
export interface ForwardChain {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly drops: boolean;
}

export class NftCommand {
  readonly #exec: Exec;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** All or nothing. @throws not-found when a table or set is not there; internal for any other refusal */
  async apply(lines: string): Promise<string> {
    try {
      return (await this.#exec.run('nft', ['-f', '-'], { input: lines })).stdout;
    } catch (error) {
      if (!isStrataError(error, 'PROGRAM_FAILED')) throw error;
      const stderr = String(error.context.stderr ?? error.message);
      if (stderr.includes('No such file or directory')) throw rulesGone(error);
      throw new StrataError(
        'internal',
        'FIREWALL_FAILED',
        `nft refused the rules: ${stderr.split('\n')[0]}`,
        {
          cause: error,
          hint: '`strata info` says whether this kernel can do what a bridge needs',
        },
      );
    }
  }

  /** Apply, and in the same call ask for the chains that may drop what we forward. */
  async applyAndList(lines: string): Promise<readonly ForwardChain[]> {
    return forwardChains(await this.apply(`${lines}list chains\n`));
  }

  /** Rules of one chain with their handles. */
  async rules(chain: ForwardChain): Promise<readonly { readonly text: string; readonly handle: number }[]> {
    const { stdout } = await this.#exec.run('nft', [
      '-a',
      'list',
      'chain',
      chain.family,
      chain.table,
      chain.chain,
    ]);
    return [...stdout.matchAll(/^\t\t(?!type )(.+) # handle (\d+)$/gm)].map((match) => ({
      text: match[1]!.replace(/counter packets \d+ bytes \d+ ?/, ''),
      handle: Number(match[2]),
    }));
  }
}

export function rulesGone(cause?: unknown): StrataError {
  return new StrataError('not-found', 'FIREWALL_RULES_GONE', 'The firewall rules of Strata are gone', {
    cause,
    hint: '`strata network reload` makes them again',
  });
}

export function forwardChains(listing: string): ForwardChain[] {
  const found: ForwardChain[] = [];
  let table: RegExpExecArray | null = null;
  let chain = '';
  for (const line of listing.split('\n')) {
    table = /^table (\S+) (\S+) \{/.exec(line) ?? table;
    chain = /^\tchain (\S+) \{/.exec(line)?.[1] ?? chain;
    if (table === null || !/^\t\ttype filter hook forward /.test(line)) continue;
    found.push({ family: table[1]!, table: table[2]!, chain, drops: line.includes('policy drop') });
  }
  return found;
}
