import type { ImageRunConfig, Operation, ResolvedImage } from '../api/images.ts';
import type { InternalServices } from '../internal-services.ts';
import { type FoundImage, findImage, lookUpImage } from './find-image.ts';
import { imageErrors } from './image-errors.ts';
import { readConfig } from './record-image.ts';

type ResolveOptions = Operation & {
  readonly pull: 'missing' | 'always' | 'never';
  readonly platform?: string;
  readonly storage: string;
};

/** The image a container is made from: here, or fetched as `pull` allows. */
export async function resolveImage(
  services: InternalServices,
  reference: string,
  options: ResolveOptions,
): Promise<ResolvedImage> {
  const here = options.pull === 'always' ? undefined : await lookUpImage(services, reference);
  if (here !== undefined && (await fits(here, options, reference))) return described(services, here);
  if (options.pull === 'never') throw imageErrors.notFound(reference);
  const { pullImage } = await import('./pull-image.ts');
  const pulled = await pullImage(services, { reference, ...options });
  return described(services, await findImage(services, pulled.name));
}

/** Is it for the platform that was asked for? */
async function fits(
  { record }: FoundImage,
  { platform, pull }: ResolveOptions,
  reference: string,
): Promise<boolean> {
  if (platform === undefined) return true;
  const { formatPlatform, matchesPlatform, parsePlatform } = await import('@strata/oci');
  if (matchesPlatform(parsePlatform(platform), record.platform)) return true;
  if (pull === 'never')
    throw imageErrors.platformMismatch(reference, formatPlatform(record.platform), platform);
  return false;
}

async function described(services: InternalServices, { record, name }: FoundImage): Promise<ResolvedImage> {
  const known = services.catalog.runConfig(record.manifest.digest);
  const config = known ?? runConfig((await readConfig(services, record.config.digest)).config);
  if (known === undefined) services.catalog.setRunConfig(record.manifest.digest, config);
  return {
    id: record.config.digest,
    manifest: record.manifest,
    name: name ?? record.config.digest,
    diffIds: record.layers.map((layer) => layer.diffId),
    config,
    platform: record.platform,
  };
}

function runConfig(config: Awaited<ReturnType<typeof readConfig>>['config']): ImageRunConfig {
  return {
    ...(config.User ? { user: config.User } : {}),
    env: config.Env ?? [],
    entrypoint: config.Entrypoint ?? undefined,
    command: config.Cmd ?? undefined,
    ...(config.WorkingDir ? { workingDirectory: config.WorkingDir } : {}),
    volumes: Object.keys(config.Volumes ?? {}),
    exposedPorts: Object.keys(config.ExposedPorts ?? {}),
    labels: { ...config.Labels },
    ...(config.StopSignal ? { stopSignal: config.StopSignal } : {}),
    ...(config.Healthcheck ? { healthcheck: { ...config.Healthcheck } } : {}),
    ...(config.Shell?.length ? { shell: config.Shell } : {}),
  };
}
