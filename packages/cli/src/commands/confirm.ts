import { createInterface } from 'node:readline';
import type { CommandContext } from '../context.ts';

/** Ask before something is lost. `-f` says yes; no answer, or no terminal, is no. */
export async function confirm({ flags, io }: CommandContext, warning: string): Promise<boolean> {
  if (flags.bool('force')) return true;
  io.err(`WARNING! ${warning}\nAre you sure you want to continue? [y/N] `);
  const prompt = createInterface({ input: process.stdin });
  try {
    for await (const answer of prompt) return /^y(?:es)?$/i.test(answer.trim());
    io.err('\n');
    return false;
  } finally {
    prompt.close();
  }
}
