/** Tokens of a containerd filter (containerd `pkg/filters/scanner.go`, `quote.go`). */
export interface Token {
  readonly kind: 'field' | 'quoted' | 'separator' | 'operator' | 'value' | 'end';
  /** Without quotes and escapes. */
  readonly text: string;
  readonly quote?: string;
}

const END: Token = { kind: 'end', text: '' };

export class FilterScanner {
  readonly #input: string;
  #at = 0;

  constructor(input: string) {
    this.#input = input;
  }

  /** First character of the next token; undefined at the end. */
  peek(): string | undefined {
    this.#take(/\s*/y);
    return this.#input[this.#at];
  }

  next(): Token {
    const first = this.peek();
    if (first === undefined) return END;
    if (first === '"' || first === '/' || first === '|') return this.#quoted(first);
    if (first === ',' || first === '.') {
      this.#at += 1;
      return { kind: 'separator', text: first };
    }
    const operator = this.#take(/[=!~]+/y);
    if (operator !== '') return { kind: 'operator', text: operator };
    const field = this.#take(/[A-Za-z0-9_]+/y);
    if (field !== '') return { kind: 'field', text: field };
    throw new SyntaxError(`unexpected ${JSON.stringify(first)}`);
  }

  /** What follows an operator. */
  value(): Token {
    const first = this.peek();
    if (first === '"' || first === '/' || first === '|') return this.#quoted(first);
    const text = this.#take(/[^\s,]+/y);
    if (text === '') throw new SyntaxError('a value is missing');
    return { kind: 'value', text };
  }

  #quoted(quote: string): Token {
    this.#at += 1;
    let text = '';
    for (;;) {
      const char = String.fromCodePoint(this.#input.codePointAt(this.#at) ?? 0x0a);
      if (char === '\n') throw new SyntaxError('a quote is not closed');
      this.#at += char.length;
      if (char === quote) return { kind: 'quoted', text, quote };
      text += char === '\\' ? this.#escaped(quote) : char;
    }
  }

  /** After the backslash, as in a Go string. */
  #escaped(quote: string): string {
    const char = this.#input[this.#at] ?? '';
    this.#at += 1;
    if (char === quote || char === '\\') return char;
    const simple = SIMPLE.get(char);
    if (simple !== undefined) return simple;
    const digits = DIGITS.get(char);
    if (digits !== undefined) return fromCode(Number.parseInt(this.#exactly(digits), 16));
    if (/[0-7]/.test(char)) {
      this.#at -= 1;
      return fromCode(Number.parseInt(this.#exactly(/[0-7]{3}/y), 8));
    }
    // A regular expression keeps its own escapes between / and |.
    if (quote !== '"') return `\\${char}`;
    throw new SyntaxError(`unknown escape \\${char}`);
  }

  #exactly(pattern: RegExp): string {
    const found = this.#take(pattern);
    if (found === '') throw new SyntaxError('a numeric escape is incomplete');
    return found;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#input)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
}

const SIMPLE = new Map([
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

const DIGITS = new Map([
  ['x', /[0-9a-fA-F]{2}/y],
  ['u', /[0-9a-fA-F]{4}/y],
  ['U', /[0-9a-fA-F]{8}/y],
]);

function fromCode(code: number): string {
  if (code > 0x10ffff) throw new SyntaxError('an escape is beyond Unicode');
  return String.fromCodePoint(code);
}
