/** docker/go-units: sizes and durations for people. */
function scaled(size: number, base: number, digits: number, units: readonly string[]): string {
  let value = size;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

/** `12.3MB`, powers of 1000. */
export function humanSize(bytes: number, digits = 3): string {
  return scaled(bytes, 1000, digits, ['B', 'kB', 'MB', 'GB', 'TB', 'PB']);
}

/** `7.66GiB`, powers of 1024. */
export function binarySize(bytes: number): string {
  return scaled(bytes, 1024, 4, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
}

/** `Less than a second`, `3 minutes`, `About an hour`, `2 weeks`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  const minutes = Math.trunc(seconds / 60);
  const hours = Math.round(milliseconds / 3_600_000);
  const days = Math.trunc(hours / 24);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (days < 14) return `${days} days`;
  if (days < 60) return `${Math.trunc(days / 7)} weeks`;
  if (days < 730) return `${Math.trunc(days / 30)} months`;
  return `${Math.trunc(milliseconds / 3_600_000 / 24 / 365)} years`;
}

export function ago(then: Date | undefined, now = Date.now()): string {
  return then === undefined ? 'N/A' : `${humanDuration(Math.max(0, now - then.getTime()))} ago`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** Go's time.String without fractions: `2026-11-22 00:19:43 +0000 UTC`. */
export function goTime(time: Date): string {
  const offset = -time.getTimezoneOffset();
  const sign = offset < 0 ? '-' : '+';
  const zone = `${sign}${two(Math.trunc(Math.abs(offset) / 60))}${two(Math.abs(offset) % 60)}`;
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${day} ${clock} ${zone} ${zoneName(time, offset)}`;
}

function zoneName(time: Date, offset: number): string {
  if (offset === 0) return 'UTC';
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(time);
  return parts.find((part) => part.type === 'timeZoneName')?.value ?? '';
}
