import { isStrataError, StrataError } from '@strata/core';

/** Main thread → worker. */
export type Request =
  | { readonly kind: 'run'; readonly id: number; readonly module: string; readonly input: unknown }
  | { readonly kind: 'abort'; readonly id: number };

/** Worker → main thread. */
export type Response =
  | { readonly kind: 'progress'; readonly id: number; readonly update: unknown }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly error: SentError }
  | { readonly kind: 'log'; readonly record: unknown };

/** An error as plain data: structured clone would drop class, `code`, `hint` and brand. */
export interface SentError {
  readonly strata: boolean;
  readonly message: string;
  readonly name: string;
  readonly stack: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: SentError | undefined;
}

const isPlain = (value: unknown): boolean =>
  value === null || ['string', 'number', 'boolean', 'bigint'].includes(typeof value);

function plainFields(error: object): Record<string, unknown> {
  const own = Object.entries(error).filter(([key, value]) => key !== 'context' && isPlain(value));
  const fields: Record<string, unknown> = Object.fromEntries(own);
  if (isStrataError(error)) fields.context = { ...error.context };
  return fields;
}

export function sendError(error: unknown, depth = 0): SentError {
  if (!(error instanceof Error))
    return {
      strata: false,
      message: String(error),
      name: 'Error',
      stack: undefined,
      fields: {},
      cause: undefined,
    };
  return {
    strata: isStrataError(error),
    message: error.message,
    name: error.name,
    stack: error.stack,
    fields: plainFields(error),
    cause: error.cause === undefined || depth > 8 ? undefined : sendError(error.cause, depth + 1),
  };
}

/** The error again, with class, code, hint, context, cause and the stack of the thread it came from. */
export function receiveError(sent: SentError): Error {
  const cause = sent.cause && receiveError(sent.cause);
  const { kind, code, hint, exitCode, context } = sent.fields as Partial<StrataError>;
  const error =
    sent.strata && kind !== undefined && code !== undefined
      ? new StrataError(kind, code, sent.message, {
          ...(hint === undefined ? {} : { hint }),
          ...(exitCode === undefined ? {} : { exitCode }),
          ...(context === undefined ? {} : { context }),
          cause,
        })
      : Object.assign(new Error(sent.message, { cause }), sent.fields, { name: sent.name });
  if (sent.stack !== undefined) error.stack = sent.stack;
  return error;
}
