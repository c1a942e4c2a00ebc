/** A registry of npm packages on the loopback, of archives on disk: what `strata driver add NAME` asks. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface NpmRegistry extends AsyncDisposable {
  readonly url: string;
  /** A newer version is the latest from then on. `lie`: what is served is not what the packument says. */
  publish(archive: string, options?: { readonly lie?: boolean }): void;
}

interface Packument {
  readonly name: string;
  readonly 'dist-tags': Record<string, string>;
  readonly versions: Record<string, object>;
}

export async function npmRegistry(): Promise<NpmRegistry> {
  const packuments = new Map<string, Packument>();
  const tarballs = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    const body = tarballs.get(path) ?? JSON.stringify(packuments.get(path.slice(1)));
    response.writeHead(body === undefined ? 404 : 200).end(body ?? '{"error":"Not found"}');
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    publish(archive, { lie = false } = {}) {
      const data = readFileSync(archive);
      const text = execFileSync('tar', ['-xzOf', archive, 'package/package.json'], { encoding: 'utf8' });
      const manifest = JSON.parse(text) as { name: string; version: string };
      const { name, version } = manifest;
      const path = `/${name}/-/${version}.tgz`;
      tarballs.set(path, data);
      // npm would find what has the right digest in its cache, whatever is served.
      const integrity = `sha512-${createHash('sha512')
        .update(lie ? 'other' : data)
        .digest('base64')}`;
      const entry = { ...manifest, dist: { tarball: `${url}${path.slice(1)}`, integrity } };
      const versions = { ...packuments.get(name)?.versions, [version]: entry };
      packuments.set(name, { name, 'dist-tags': { latest: version }, versions });
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
