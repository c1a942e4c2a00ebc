import { lex, type Piece, TemplateError, type Token } from './lexer.ts';

type Operand =
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline };

/** An operand and the fields taken from it: `.A.B`, `$x.Name`, `(index .M "k").V`. */
export interface Term {
  readonly operand: Operand;
  readonly fields: readonly string[];
}

/** A call or a single value; arguments follow the first term. */
export type Call = readonly [Term, ...Term[]];

export interface Pipeline {
  /** `$i, $v :=` or `$x =`. */
  readonly variables: readonly string[];
  readonly assign: boolean;
  readonly calls: readonly Call[];
}

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly pipeline: Pipeline; readonly at: number }
  | {
      readonly kind: 'if' | 'range' | 'with';
      readonly pipeline: Pipeline;
      readonly at: number;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

class PipelineParser {
  #next = 0;
  readonly #tokens: readonly Token[];
  readonly #at: number;

  constructor(tokens: readonly Token[], at: number) {
    this.#tokens = tokens;
    this.#at = at;
  }

  whole(): Pipeline {
    const pipeline = this.#pipeline();
    if (this.#peek() !== undefined) throw this.#unexpected();
    return pipeline;
  }

  #peek(offset = 0): Token | undefined {
    return this.#tokens[this.#next + offset];
  }

  #unexpected(): TemplateError {
    const found = this.#peek();
    const what = found === undefined ? 'end of action' : `"${found.text}"`;
    return new TemplateError(`:1:${this.#at}: unexpected ${what} in command`);
  }

  #pipeline(): Pipeline {
    const { variables, assign } = this.#declaration();
    const calls: Call[] = [this.#call()];
    while (this.#peek()?.text === '|') {
      this.#next++;
      calls.push(this.#call());
    }
    return { variables, assign, calls };
  }

  #declaration(): { variables: string[]; assign: boolean } {
    const texts = this.#tokens.slice(this.#next, this.#next + 4).map((token) => token.text);
    const isVariable = (text: string | undefined): text is string => text?.startsWith('$') === true;
    if (isVariable(texts[0]) && (texts[1] === ':=' || texts[1] === '=')) {
      this.#next += 2;
      return { variables: [texts[0]], assign: texts[1] === '=' };
    }
    if (isVariable(texts[0]) && texts[1] === ',' && isVariable(texts[2]) && texts[3] === ':=') {
      this.#next += 4;
      return { variables: [texts[0], texts[2]], assign: false };
    }
    return { variables: [], assign: false };
  }

  #call(): Call {
    const terms: Term[] = [];
    for (let token = this.#peek(); token !== undefined; token = this.#peek()) {
      if (token.text === '|' || token.text === ')') break;
      terms.push(this.#term());
    }
    const [first, ...rest] = terms;
    if (first === undefined) throw new TemplateError(`:1:${this.#at}: missing value for command`);
    return [first, ...rest];
  }

  #term(): Term {
    const fields: string[] = [];
    const operand = this.#operand(fields);
    for (let token = this.#peek(); token?.kind === 'field' && token.glued; token = this.#peek()) {
      fields.push(token.text.slice(1));
      this.#next++;
    }
    return { operand, fields };
  }

  #operand(fields: string[]): Operand {
    const token = this.#peek();
    if (token === undefined) throw this.#unexpected();
    if (token.text === '(') {
      this.#next++;
      const pipeline = this.#pipeline();
      if (this.#peek()?.text !== ')') throw this.#unexpected();
      this.#next++;
      return { kind: 'pipeline', pipeline };
    }
    if (token.kind === 'punctuation') throw this.#unexpected();
    this.#next++;
    if (token.kind === 'field') {
      if (token.text.length > 1) fields.push(token.text.slice(1));
      return { kind: 'dot' };
    }
    if (token.kind === 'variable') return { kind: 'variable', name: token.text };
    if (token.kind === 'word') return word(token.text);
    return { kind: 'literal', value: literal(token) };
  }
}

function word(text: string): Operand {
  if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true' };
  if (text === 'nil') return { kind: 'literal', value: null };
  return { kind: 'function', name: text };
}

const ESCAPES: Readonly<Partial<Record<string, string>>> = { n: '\n', t: '\t', r: '\r' };

/** Undo Go's backslash escapes. */
export function unescapeText(text: string): string {
  return text.replace(/\\(u[\da-fA-F]{4}|x[\da-fA-F]{2}|.)/g, (_, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return ESCAPES[code] ?? code;
  });
}

function literal(token: Token): unknown {
  if (token.kind === 'number') return Number(token.text);
  if (token.text.startsWith('`')) return token.text.slice(1, -1);
  const text = unescapeText(token.text.slice(1, -1));
  return token.text.startsWith("'") ? text.codePointAt(0) : text;
}

const BLOCKS = ['if', 'range', 'with'] as const;
type Block = (typeof BLOCKS)[number];

class TemplateParser {
  #next = 0;
  readonly #pieces: readonly Piece[];

  constructor(pieces: readonly Piece[]) {
    this.#pieces = pieces;
  }

  /** Nodes up to `{{end}}` or `{{else …}}`, which is returned with its tokens. */
  nodes(inside: boolean): { nodes: Node[]; stop: readonly Token[] } {
    const nodes: Node[] = [];
    while (this.#next < this.#pieces.length) {
      const piece = this.#pieces[this.#next++]!;
      if (piece.kind === 'text') {
        if (piece.text !== '') nodes.push(piece);
        continue;
      }
      const head = piece.tokens[0]?.text ?? '';
      if (head === 'end' || head === 'else') {
        if (!inside) throw new TemplateError(`:1:${piece.at}: unexpected {{${head}}}`);
        return { nodes, stop: piece.tokens };
      }
      const block = BLOCKS.find((name) => name === head);
      if (block !== undefined) nodes.push(this.#block(block, piece.tokens.slice(1), piece.at));
      else
        nodes.push({
          kind: 'print',
          pipeline: new PipelineParser(piece.tokens, piece.at).whole(),
          at: piece.at,
        });
    }
    if (inside) throw new TemplateError(':1: unexpected EOF');
    return { nodes, stop: [] };
  }

  #block(kind: Block, tokens: readonly Token[], at: number): Node {
    const pipeline = new PipelineParser(tokens, at).whole();
    const body = this.nodes(true);
    return { kind, pipeline, at, body: body.nodes, otherwise: this.#otherwise(body.stop, at) };
  }

  #otherwise(stop: readonly Token[], at: number): readonly Node[] {
    if (stop[0]?.text === 'end') return [];
    const chained = BLOCKS.find((name) => name === stop[1]?.text);
    if (chained !== undefined) return [this.#block(chained, stop.slice(2), at)];
    return this.nodes(true).nodes;
  }
}

export function parseTemplate(source: string): readonly Node[] {
  return new TemplateParser(lex(source)).nodes(false).nodes;
}
