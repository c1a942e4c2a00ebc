/** One `WWW-Authenticate` challenge (RFC 9110 section 11.6.1). */
export interface Challenge {
  /** Lower case: `basic`, `bearer`. */
  readonly scheme: string;
  /** Names in lower case; the first of a repeated name counts. */
  readonly params: ReadonlyMap<string, string>;
}

const maxHeader = 8192;
const maxChallenges = 16;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y;
const SPACE = /[ \t]*/y;

/**
 * Parse `WWW-Authenticate` headers. Never throws and never takes more than linear time: what cannot be read is left
 * out, and reading stops at the first syntax error, keeping the challenges before it.
 */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const lines = header === undefined ? [] : typeof header === 'string' ? [header] : header;
  const found: Challenge[] = [];
  for (const line of lines) {
    if (line.length > maxHeader) continue;
    parseLine(line, found);
    if (found.length >= maxChallenges) break;
  }
  return found.slice(0, maxChallenges);
}

/** A position in a header line; each step takes what it can and moves on. */
class Cursor {
  readonly text: string;
  at = 0;
  constructor(text: string) {
    this.text = text;
  }
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text)?.[0];
    if (match === undefined) return undefined;
    this.at += match.length;
    return match;
  }
  skip(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }
  quoted(): string | undefined {
    let value = '';
    for (this.at++; this.at < this.text.length; this.at++) {
      const c = this.text[this.at]!;
      if (c === '"') {
        this.at++;
        return value;
      }
      if (c === '\\') this.at++;
      value += c === '\\' ? (this.text[this.at] ?? '') : c;
    }
    return undefined;
  }
}

function parseLine(line: string, found: Challenge[]): void {
  const cursor = new Cursor(line);
  let params: Map<string, string> | undefined;
  while (cursor.at < line.length && found.length <= maxChallenges) {
    cursor.take(SPACE);
    if (cursor.skip(',')) continue;
    const word = cursor.take(TOKEN);
    if (word === undefined) return;
    const spaced = cursor.take(SPACE) !== '';
    if (cursor.skip('=')) {
      const value = readValue(cursor);
      if (params === undefined || value === undefined) return;
      const name = word.toLowerCase();
      if (!params.has(name)) params.set(name, value);
    } else {
      params = new Map();
      found.push({ scheme: word.toLowerCase(), params });
      if (spaced) cursor.take(TOKEN68);
    }
  }
}

function readValue(cursor: Cursor): string | undefined {
  cursor.take(SPACE);
  return cursor.text[cursor.at] === '"' ? cursor.quoted() : (cursor.take(TOKEN) ?? '');
}
