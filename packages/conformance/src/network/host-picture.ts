import assert from 'node:assert/strict';
import type { Host } from '@strata/core';

interface Link {
  readonly ifname: string;
  readonly operstate: string;
}

/** What a network driver can leave behind on a host: links, addresses, routes, rules. */
export class HostPicture {
  readonly links: readonly string[];
  readonly routes: readonly string[];
  readonly rules: readonly string[];

  constructor(links: readonly string[], routes: readonly string[], rules: readonly string[]) {
    this.links = links;
    this.routes = routes;
    this.rules = rules;
  }

  static async take({ exec }: Host): Promise<HostPicture> {
    const [links, routes, rules, neighbours] = await Promise.all([
      exec.run('ip', ['-j', 'link']),
      exec.run('ip', ['route', 'show', 'table', 'all']),
      // -s: without counters.
      exec.run('nft', ['-s', 'list', 'ruleset']),
      exec.run('ip', ['neighbour', 'show', 'nud', 'permanent']),
    ]);
    return new HostPicture(
      (JSON.parse(links.stdout) as Link[]).map(({ ifname }) => ifname).sort(),
      [...routesOf(routes.stdout), ...neighbours.stdout.split('\n').sort()],
      rules.stdout.replace(/counter packets \d+ bytes \d+/g, 'counter').split('\n'),
    );
  }

  /** Names of the firewall's tables, as `family name`. */
  get tables(): readonly string[] {
    return this.rules.flatMap((line) => /^table (\S+ \S+) \{/.exec(line)?.[1] ?? []);
  }

  assertSame(later: HostPicture): void {
    assert.deepEqual(later.links, this.links, 'links on the host differ from before');
    assert.deepEqual(later.rules, this.rules, 'firewall rules differ from before');
    assert.deepEqual(later.routes, this.routes, 'routes or neighbours differ from before');
  }
}

/** Without what the kernel adds and removes as carriers come and go. */
function routesOf(listing: string): string[] {
  return listing
    .split('\n')
    .filter((line) => !line.startsWith('multicast ') && !/(^| )fe80:/.test(line))
    .map((line) => line.replace(' linkdown', '').trim())
    .sort();
}
