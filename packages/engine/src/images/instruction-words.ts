/** Words of a Dockerfile instruction: quotes and backslashes as in Docker's parser, no variables. */
import { StrataError } from '@strata/core';

export function parseWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '\\' && quote !== "'" && i + 1 < text.length) word = (word ?? '') + text[++i];
    else if (quote !== '') {
      if (c === quote) quote = '';
      else word = (word ?? '') + c;
    } else if (c === '"' || c === "'") {
      quote = c;
      word ??= '';
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + c;
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** `A=b C="d e"`, or Docker's old form `A b c`. */
export function parseAssignments(text: string, instruction: string): [name: string, value: string][] {
  const words = parseWords(text);
  if (!/^[^\s"']+=/.test(text)) {
    const [, name, value] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) throw invalid(instruction, text);
    return [[name, value]];
  }
  return words.map((word) => {
    const at = word.indexOf('=');
    if (at < 1) throw invalid(instruction, word);
    return [word.slice(0, at), word.slice(at + 1)];
  });
}

function invalid(instruction: string, text: string): StrataError {
  return new StrataError(
    'invalid-argument',
    'CHANGE_INVALID',
    `${instruction} needs NAME=value, not ${JSON.stringify(text)}`,
  );
}
