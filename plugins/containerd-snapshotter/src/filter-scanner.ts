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
    const parts: Buffer[] = [];
    for (;;) {
      const char = String.fromCodePoint(this.#input.codePointAt(this.#at) ?? 0x0a);
      if (char === '\n') throw new SyntaxError('a quote is not closed');
      this.#at += char.length;
      if (char === quote) return { kind: 'quoted', text: Buffer.concat(parts).toString(), quote };
      parts.push(char === '\\' ? this.#escaped(quote) : Buffer.from(char));
    }
  }

  /** After the backslash, as in a Go string: `\x` and octals are bytes, `\u` and `\U` characters. */
  #escaped(quote: string): Buffer {
    const char = this.#input[this.#at] ?? '';
    this.#at += 1;
    if (char === quote || char === '\\') return Buffer.from(char);
    const simple = SIMPLE.get(char);
    if (simple !== undefined) return Buffer.from(simple);
    if (char === 'x') return byte(this.#exactly(/[0-9a-fA-F]{2}/y), 16);
    if (char === 'u') return character(this.#exactly(/[0-9a-fA-F]{4}/y));
    if (char === 'U') return character(this.#exactly(/[0-9a-fA-F]{8}/y));
    if (/^[0-7]$/.test(char)) {
      this.#at -= 1;
      return byte(this.#exactly(/[0-7]{3}/y), 8);
    }
    // A regular expression keeps its own escapes between / and |.
    if (quote !== '"') return Buffer.from(`\\${char}`);
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

function byte(digits: string, base: number): Buffer {
  const value = Number.parseInt(digits, base);
  if (value > 0xff) throw new SyntaxError('an escape is beyond a byte');
  return Buffer.of(value);
}

function character(digits: string): Buffer {
  const code = Number.parseInt(digits, 16);
  if (code > 0x10ffff) throw new SyntaxError('an escape is beyond Unicode');
  return Buffer.from(String.fromCodePoint(code));
}
