import type { Descriptor, Platform } from '@strata/core';
import { StrataError } from '@strata/core';
import type { ImageIndex } from '../document/manifest.ts';
import { isIndexType } from '../document/media-types.ts';
import { formatPlatform, rankPlatform } from './platform.ts';

/**
 * The entry of an index for a platform: the best match, the first of equals, attestations left out. Entries without
 * a platform come last, so that a nested index or an old image is still found.
 * @throws not-found `PLATFORM_NOT_FOUND`, naming what there is
 */
export function selectManifest(index: ImageIndex, wanted: Platform, name: string): Descriptor {
  const images = index.manifests.filter((entry) => !isAttestation(entry));
  let best: { readonly entry: Descriptor; readonly rank: number } | undefined;
  for (const entry of images) {
    const rank = rankEntry(entry, wanted);
    if (rank >= 0 && (best === undefined || rank < best.rank)) best = { entry, rank };
  }
  if (best !== undefined) return best.entry;
  const offered = images.map((entry) => entry.platform ?? { os: '', architecture: '' });
  throw platformNotFound(offered, wanted, name);
}

const WITHOUT_PLATFORM = 1000;

function rankEntry(entry: Descriptor, wanted: Platform): number {
  if (entry.platform === undefined || entry.platform.architecture === '') {
    return isIndexType(entry.mediaType) ? WITHOUT_PLATFORM : WITHOUT_PLATFORM + 1;
  }
  return rankPlatform(wanted, entry.platform);
}

/** BuildKit's provenance and SBOM entries (`unknown/unknown`, docs/attestations/attestation-storage.md). */
function isAttestation(entry: Descriptor): boolean {
  if (entry.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest') return true;
  return entry.platform?.os === 'unknown' || entry.platform?.architecture === 'unknown';
}

export function platformNotFound(offered: readonly Platform[], wanted: Platform, name: string): StrataError {
  const available = [...new Set(offered.map(formatPlatform))];
  const platform = formatPlatform(wanted);
  return new StrataError('not-found', 'PLATFORM_NOT_FOUND', `${name} has no image for ${platform}`, {
    hint:
      available.length === 0
        ? 'its index is empty'
        : `it has ${available.slice(0, 20).join(', ')}: choose one with --platform`,
    context: { platform, available: available.slice(0, 20).join(' ') },
  });
}
