import { execFileSync } from 'node:child_process';

/** What `peers env` prints. */
export interface Peers {
  readonly program: string;
  readonly registry: string;
  /** Five layers, about 400 MB. */
  readonly image: string;
  /** The same without its top layer. */
  readonly parentImage: string;
  readonly podman: readonly string[];
  /** Limits podman needs on machines that may not raise them. */
  readonly podmanLimits: readonly string[];
  readonly ctr: readonly string[];
  readonly dockerHost: string;
  /** Memory-backed filesystems. */
  readonly ext4: string;
  readonly btrfs: string;
}

const TAGS = ['base', 'py', 'nginx', 'node', 'git'];

export function openPeers(program: string | undefined): Peers {
  if (program === undefined || program === '') {
    console.error('STRATA_PEERS must name the program that brings up the peers (docker, podman, containerd)');
    process.exit(2);
  }
  execFileSync(program, ['up'], { stdio: ['ignore', 'inherit', 'inherit'] });
  const text = execFileSync(program, ['env'], { encoding: 'utf8' });
  const values = new Map(
    [...text.matchAll(/^(\w+)=(?:"([^"]*)"|(.*))$/gm)].map(([, name, quoted, plain]) => [
      name!,
      quoted ?? plain ?? '',
    ]),
  );
  const get = (name: string): string => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`${program} env does not say ${name}`);
    return value;
  };
  const image = get('IMAGE');
  return {
    program,
    registry: get('REGISTRY'),
    image,
    parentImage: image.replace(/:[^:/]+$/, ':node'),
    podman: get('PODMAN').split(' '),
    podmanLimits: get('PODMAN_ULIMIT').split(' '),
    ctr: get('CTR').split(' '),
    dockerHost: get('DOCKER_HOST'),
    ext4: get('FS_EXT4'),
    btrfs: get('FS_BTRFS'),
  };
}

/** Every tag that shares layers with the image. */
export const family = ({ image }: Peers): string[] => TAGS.map((tag) => image.replace(/:[^:/]+$/, `:${tag}`));
