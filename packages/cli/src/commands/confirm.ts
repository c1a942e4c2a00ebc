import { createInterface } from 'node:readline/promises';
import type { CommandContext } from '../context.ts';

/** Ask before something is lost. `-f` says yes; no answer, or no terminal, is no. */
export async function confirm({ flags, io }: CommandContext, warning: string): Promise<boolean> {
  if (flags.bool('force')) return true;
  io.err(`WARNING! ${warning}\nAre you sure you want to continue? [y/N] `);
  const prompt = createInterface({ input: process.stdin });
  const [answer = ''] = await Promise.race([
    prompt[Symbol.asyncIterator]()
      .next()
      .then(({ value, done }) => (done === true ? [] : [String(value)])),
  ]);
  prompt.close();
  return /^y(?:es)?$/i.test(answer.trim());
}
