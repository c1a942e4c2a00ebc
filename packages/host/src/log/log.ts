import { writeSync } from 'node:fs';
import type { Log } from '@strata/core';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogRecord = Readonly<Record<string, unknown>> & {
  readonly time: string;
  readonly level: Exclude<LogLevel, 'silent'>;
  readonly message: string;
};
export type LogSink = (record: LogRecord) => void;

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };
const SECRET = /authori[sz]ation|passw(or)?d|secret|token|cookie|credential/i;

/** Facts with secrets blanked and errors as text; a log line must never fail, nor show a password. */
function printable(key: string, value: unknown): unknown {
  if (key !== '' && SECRET.test(key)) return '[redacted]';
  if (value instanceof Error) return value.message;
  return typeof value === 'bigint' ? String(value) : value;
}

function toStderr(record: LogRecord): void {
  try {
    writeSync(2, `${JSON.stringify(record, printable)}\n`);
  } catch {
    // Standard error is gone or full: diagnostics are the one thing that may be lost.
  }
}

/** One JSON object per line on standard error, or whatever `sink` does with the record. */
export function createLog(level: LogLevel = 'warn', sink: LogSink = toStderr, facts: object = {}): Log {
  const write =
    (name: LogRecord['level']) =>
    (message: string, more: object = {}) => {
      if (ORDER[name] < ORDER[level]) return;
      sink({ ...facts, ...more, time: new Date().toISOString(), level: name, message });
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (more) => createLog(level, sink, { ...facts, ...more }),
  };
}
