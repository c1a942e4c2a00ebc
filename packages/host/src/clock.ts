/** Milliseconds that only go forward. `performance` of Node loads what measuring a whole program takes. */
export function monotonic(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
