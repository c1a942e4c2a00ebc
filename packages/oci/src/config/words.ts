import { StrataError } from '@strata/core';

/** Values of variables that `$NAME` in an instruction stands for. */
export type Variables = ReadonlyMap<string, string>;

/**
 * Split an instruction's text into words as Dockerfiles do: blanks separate, quotes and backslashes keep together,
 * `$NAME`, `${NAME}`, `${NAME:-word}` and `${NAME:+word}` are replaced except in single quotes.
 * @throws invalid-argument `CHANGE_INVALID`
 */
export function splitWords(text: string, variables: Variables): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    if (quote === '' && /\s/.test(c)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (c === quote) quote = '';
    else if (quote === '' && (c === '"' || c === "'")) {
      quote = c;
      word ??= '';
    } else if (c === '\\' && quote !== "'") {
      at++;
      const keep = quote === '"' && !'"$\\'.includes(text[at] ?? '') ? '\\' : '';
      word = (word ?? '') + keep + (text[at] ?? '');
    } else if (c === '$' && quote !== "'") {
      const { value, next } = expand(text, at, variables);
      word = (word ?? '') + value;
      at = next - 1;
    } else word = (word ?? '') + c;
  }
  if (quote !== '') throw badChange(text, 'a quote is not closed');
  if (word !== undefined) words.push(word);
  return words;
}

function expand(
  text: string,
  at: number,
  variables: Variables,
): { readonly value: string; readonly next: number } {
  const plain = /^\$([A-Za-z_]\w*)/.exec(text.slice(at));
  if (plain !== null) return { value: variables.get(plain[1]!) ?? '', next: at + plain[0].length };
  const braced = /^\$\{([A-Za-z_]\w*)(?::([-+])([^}]*))?\}/.exec(text.slice(at));
  if (braced === null) {
    if (text[at + 1] === '{') throw badChange(text, 'a substitution is malformed');
    return { value: '$', next: at + 1 };
  }
  const [all, name = '', operator, word = ''] = braced;
  const value = variables.get(name) ?? '';
  const next = at + all.length;
  if (operator === '-') return { value: value === '' ? word : value, next };
  if (operator === '+') return { value: value === '' ? '' : word, next };
  return { value, next };
}

/** `a=1 b="x y"`, or the old form `a the rest of the line`. */
export function splitPairs(text: string, variables: Variables): [string, string][] {
  const trimmed = text.trim();
  const words = splitWords(trimmed, variables);
  if (words.length === 0) throw badChange(text, 'it names nothing');
  if (!/^(?:[^\s"'=]|"[^"]*"|'[^']*')+=/.test(trimmed)) {
    const old = /^(\S+)\s+(.+)$/s.exec(trimmed);
    if (old === null) throw badChange(text, 'it must look like NAME=value');
    return [[old[1]!, splitWords(old[2]!, variables).join(' ')]];
  }
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 1) throw badChange(text, `'${word}' must look like NAME=value`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** `["a", "b"]`, if it is that. */
export function jsonWords(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((word) => typeof word === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

export function badChange(text: string, why: string): StrataError {
  return new StrataError(
    'invalid-argument',
    'CHANGE_INVALID',
    `invalid change '${text.slice(0, 200)}': ${why}`,
    {
      hint: 'a change is a Dockerfile instruction: CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR',
    },
  );
}
