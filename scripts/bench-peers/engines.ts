/** How each engine spells the same work. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { family, type Peers } from './peers.ts';
import { attempt, type Command, must } from './shell.ts';

export interface Engine {
  readonly name: string;
  readonly strata: boolean;
  readonly env: Record<string, string>;
  pull(image: string): Command;
  /** Undefined: it cannot, or not comparably. */
  run?(words: { readonly network: 'none' | 'bridge'; readonly image: string }): Command;
  start?(name: string, image: string): Command;
  exec?(name: string): Command;
  commit?(name: string, image: string): Command;
  removeAll?(names: readonly string[]): Command;
  list?(): Command;
  /** Before the first row. */
  open?(): Promise<void>;
  /** Forget the image, and all that shares layers with it. */
  forget(): Promise<void>;
  close?(): Promise<void>;
}

/** A network of ours goes when we do; the default bridge of a store stays with the host. */
const NETWORK = 'strata-bench';

const binary = resolve(import.meta.dirname, '../../packages/cli/bin/strata');

export function strata(
  peers: Peers,
  options: {
    readonly name: string;
    readonly storage: string;
    readonly base: string;
    readonly durable?: boolean;
    /** Every command in a process of its own. */
    readonly standby?: false;
  },
): Engine {
  const home = join(options.base, `strata-bench-peers-${process.pid}-${options.name.replace(/\W+/g, '-')}`);
  mkdirSync(home, { recursive: true });
  const config = join(home, 'config.toml');
  writeFileSync(config, options.durable === false ? 'durable = false\n' : '');
  const env = {
    STRATA_ROOT: join(home, 'root'),
    // In memory, as /run is.
    STRATA_RUN: `/run/strata-bench-peers-${process.pid}-${options.name.replace(/\W+/g, '-')}`,
    STRATA_CONFIG: config,
    STRATA_STORAGE: options.storage,
    STRATA_STANDBY: options.standby === false ? 'off' : '60',
  };
  const forget = async (): Promise<void> => {
    for (const tag of family(peers)) await attempt([binary, 'rmi', '-f', tag], env);
    // Commits whose name another one took are children that keep their parent.
    await attempt([binary, 'image', 'prune', '-f'], env);
    await attempt([binary, 'storage', 'prune', '-f'], env);
  };
  return {
    name: options.name,
    strata: true,
    env,
    pull: (image) => [binary, 'pull', '-q', image],
    run: ({ network, image }) => [
      binary,
      'run',
      '--rm',
      '--network',
      network === 'none' ? 'none' : NETWORK,
      image,
      'true',
    ],
    start: (name, image) => [binary, 'run', '-d', '--network', 'none', '--name', name, image, 'sleep', '900'],
    exec: (name) => [binary, 'exec', name, 'true'],
    commit: (name, image) => [binary, 'commit', name, image],
    removeAll: (names) => [binary, 'rm', '-f', ...names],
    list: () => [binary, 'ps'],
    forget,
    async open() {
      await must([binary, 'network', 'create', NETWORK], env);
    },
    async close() {
      const ids = (await attempt([binary, 'ps', '-aq'], env))
        .split('\n')
        .filter((id) => /^[0-9a-f]+$/.test(id));
      if (ids.length > 0) await attempt([binary, 'rm', '-f', ...ids], env);
      await attempt([binary, 'network', 'rm', NETWORK], env);
      await forget();
      await attempt(['rm', '-rf', '--one-file-system', '--', home, env.STRATA_RUN]);
    },
  };
}

export function podman(peers: Peers): Engine {
  const base = peers.podman;
  const limits = peers.podmanLimits;
  return {
    name: 'podman',
    strata: false,
    env: {},
    pull: (image) => [...base, 'pull', '-q', '--tls-verify=false', image],
    run: ({ network, image }) => [
      ...base,
      'run',
      ...limits,
      '--rm',
      ...(network === 'none' ? ['--net', 'none'] : []),
      image,
      'true',
    ],
    start: (name, image) => [
      ...base,
      'run',
      ...limits,
      '-d',
      '--net',
      'none',
      '--name',
      name,
      image,
      'sleep',
      '900',
    ],
    exec: (name) => [...base, 'exec', name, 'true'],
    commit: (name, image) => [...base, 'commit', '-q', name, image],
    removeAll: (names) => [...base, 'rm', '-f', '-t', '0', ...names],
    list: () => [...base, 'ps'],
    async forget() {
      await attempt([...base, 'rmi', '-f', ...family(peers)]);
      await attempt([...base, 'image', 'prune', '-f']);
    },
  };
}

export function docker(peers: Peers): Engine {
  const env = { DOCKER_HOST: peers.dockerHost };
  return {
    name: 'docker',
    strata: false,
    env,
    pull: (image) => ['docker', 'pull', '-q', image],
    run: ({ network, image }) => [
      'docker',
      'run',
      '--rm',
      ...(network === 'none' ? ['--net', 'none'] : []),
      image,
      'true',
    ],
    start: (name, image) => ['docker', 'run', '-d', '--net', 'none', '--name', name, image, 'sleep', '900'],
    exec: (name) => ['docker', 'exec', name, 'true'],
    commit: (name, image) => ['docker', 'commit', name, image],
    removeAll: (names) => ['docker', 'rm', '-f', ...names],
    list: () => ['docker', 'ps'],
    async forget() {
      for (const tag of family(peers)) await attempt(['docker', 'rmi', '-f', tag], env);
      await attempt(['docker', 'image', 'prune', '-f'], env);
    },
  };
}

/** Its pull does not unpack lazily either, so that the rows compare; it has no run on a bridge and no commit in `ctr`. */
export function containerd(peers: Peers): Engine {
  const base = peers.ctr;
  let runs = 0;
  return {
    name: 'containerd',
    strata: false,
    env: {},
    pull: (image) => [...base, 'i', 'pull', '--plain-http', image],
    run: ({ image }) => [...base, 'run', '--rm', image, `strata-bench-${process.pid}-${runs++}`, 'true'],
    async forget() {
      await attempt([...base, 'i', 'rm', ...family(peers)]);
      await attempt([...base, 'content', 'prune', 'references']);
      // It collects garbage in the background.
      await must(['sleep', '1']);
    },
  };
}
