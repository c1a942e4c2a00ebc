/** `docker.io/library/debian:12` → `debian:12`: how docker shows a canonical name. */
export function familiarName(canonical: string): string {
  if (!canonical.includes('docker.io/')) return canonical;
  const [, hub] = /^(?:docker\.io|index\.docker\.io)\/(.+)$/.exec(canonical) ?? [];
  if (hub === undefined) return canonical;
  return hub.startsWith('library/') && hub.indexOf('/', 'library/'.length) < 0
    ? hub.slice('library/'.length)
    : hub;
}

/** Repository and tag (or digest) of a name; the colon of a port is not a tag's. */
export function splitName(name: string): {
  repository: string;
  tag: string | undefined;
  digest: string | undefined;
} {
  const [before = '', digest] = name.split('@');
  const colon = before.lastIndexOf(':');
  if (colon < 0 || before.indexOf('/', colon) >= 0) return { repository: before, tag: undefined, digest };
  return { repository: before.slice(0, colon), tag: before.slice(colon + 1), digest };
}
