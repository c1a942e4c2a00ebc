import { parseDuration } from '../parse/values.ts';

/** Docker's `--since`/`--until`: RFC 3339, a date, seconds since 1970, or a duration back from now. */
export function parseTime(text: string, now = Date.now()): Date | undefined {
  const duration = parseDuration(text);
  if (duration !== undefined) return new Date(now - duration);
  if (/^\d+(?:\.\d+)?$/.test(text)) return new Date(Number(text) * 1000);
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?$/.test(text))
    return undefined;
  const hour = /T\d\d(Z|[+-]|$)/.test(text) ? text.replace(/T(\d\d)/, 'T$1:00') : text;
  // A date alone is local midnight, as in docker; JavaScript would take it as UTC.
  const time = new Date(hour.includes('T') ? hour : `${hour}T00:00:00`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
