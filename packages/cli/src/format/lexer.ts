import { UsageError } from '../parse/usage-error.ts';

/** Tokens of Go's text/template. An action is `{{ … }}`; `{{-` and `-}}` trim the text beside it. */
export interface Token {
  readonly kind: 'field' | 'variable' | 'word' | 'string' | 'number' | 'punctuation';
  readonly text: string;
  /** Directly after the previous token, without space: `(x).Field`. */
  readonly glued: boolean;
}

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'action'; readonly tokens: readonly Token[]; readonly at: number };

export class TemplateError extends UsageError {
  readonly problem: string;

  constructor(problem: string) {
    super('TEMPLATE_INVALID', `template parsing error: template: ${problem}`, {
      hint: "templates are Go's; --format json shows the fields",
    });
    this.name = 'TemplateError';
    this.problem = problem;
  }
}

const TOKEN =
  /(\s+)|(\.[A-Za-z_]\w*|\.)|(\$\w*)|([A-Za-z_]\w*)|("(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)')|([+-]?(?:0x[\da-fA-F]+|\d+(?:\.\d+)?))|(:=|[()|=,])/y;
const KINDS = ['field', 'variable', 'word', 'string', 'number', 'punctuation'] as const;

function tokenize(source: string, at: number): Token[] {
  const tokens: Token[] = [];
  let glued = false;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (match === null) {
      throw new TemplateError(`:1:${at + start}: unexpected ${JSON.stringify(source[start])} in operand`);
    }
    const index = match.slice(2).findIndex((group) => group !== undefined);
    if (index < 0) {
      glued = false;
      continue;
    }
    tokens.push({ kind: KINDS[index]!, text: match[0], glued });
    glued = true;
  }
  return tokens;
}

/** The end of the action that starts at `from`: `}}` outside quotes. */
function actionEnd(source: string, from: number): number {
  const scan = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|\}\}/g;
  scan.lastIndex = from;
  for (let match = scan.exec(source); match !== null; match = scan.exec(source)) {
    if (match[0] === '}}') return match.index;
  }
  throw new TemplateError(`:1:${from}: unclosed action`);
}

export function lex(source: string): Piece[] {
  const pieces: Piece[] = [];
  let position = 0;
  let trimNext = false;
  while (position <= source.length) {
    const open = source.indexOf('{{', position);
    let text = source.slice(position, open < 0 ? undefined : open);
    if (trimNext) text = text.trimStart();
    if (open < 0) {
      pieces.push({ kind: 'text', text });
      return pieces;
    }
    const end = actionEnd(source, open + 2);
    let inner = source.slice(open + 2, end);
    if (/^-\s/.test(inner)) {
      text = text.trimEnd();
      inner = inner.slice(1);
    }
    trimNext = /\s-$/.test(inner);
    if (trimNext) inner = inner.slice(0, -1);
    pieces.push({ kind: 'text', text });
    if (!/^\s*\/\*[\s\S]*\*\/\s*$/.test(inner)) {
      pieces.push({ kind: 'action', tokens: tokenize(inner, open + 2), at: open + 2 });
    }
    position = end + 2;
  }
  return pieces;
}
