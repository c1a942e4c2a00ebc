import type { Platform } from '@strata/core';
import { StrataError } from '@strata/core';

const ARCHITECTURES: Readonly<Record<string, Omit<Platform, 'os'>>> = {
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  x64: { architecture: 'amd64' },
  i386: { architecture: '386' },
  i486: { architecture: '386' },
  i586: { architecture: '386' },
  i686: { architecture: '386' },
  ia32: { architecture: '386' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
  ppc64el: { architecture: 'ppc64le' },
  loong64: { architecture: 'loong64' },
};

/** GOOS/GOARCH names, as containerd's platforms.Normalize: `arm` means v7, arm64's v8 and amd64's v1 go without saying. */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os === 'macos' ? 'darwin' : platform.os.toLowerCase();
  const known = ARCHITECTURES[platform.architecture.toLowerCase()];
  const architecture = known?.architecture ?? platform.architecture.toLowerCase();
  const variant = normalizeVariant(architecture, platform.variant?.toLowerCase() || known?.variant);
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

function normalizeVariant(architecture: string, variant: string | undefined): string | undefined {
  const v = variant !== undefined && /^[0-9]+$/.test(variant) ? `v${variant}` : variant;
  if (architecture === 'arm64') return v === 'v8' ? undefined : v;
  if (architecture === 'amd64') return v === 'v1' ? undefined : v;
  if (architecture === 'arm') return v ?? 'v7';
  return v;
}

/** The platform of this host. Images are for Linux. */
export function hostPlatform(): Platform {
  return normalizePlatform({ os: 'linux', architecture: process.arch });
}

/**
 * `os/arch[/variant]`, or just one of the two: the host's other half is taken.
 * @throws invalid-argument `PLATFORM_INVALID`
 */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (parts.length > 3 || !parts.every((part) => /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(part))) {
    throw new StrataError(
      'invalid-argument',
      'PLATFORM_INVALID',
      `invalid platform '${text.slice(0, 100)}'`,
      {
        hint: 'a platform looks like linux/amd64 or linux/arm/v7',
      },
    );
  }
  const [first = '', second, variant] = parts;
  if (second !== undefined) {
    return normalizePlatform({
      os: first,
      architecture: second,
      ...(variant === undefined ? {} : { variant }),
    });
  }
  const isOs = ['linux', 'windows', 'darwin', 'macos', 'freebsd'].includes(first.toLowerCase());
  if (isOs) return { ...hostPlatform(), os: first.toLowerCase() };
  return normalizePlatform({ os: 'linux', architecture: first });
}

/** `linux/arm/v7`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant]
    .filter((part) => part !== undefined && part !== '')
    .join('/');
}

/** What this platform can run, best first (containerd's platforms.Only, one architecture). */
export function acceptable(platform: Platform): readonly Platform[] {
  const { os, architecture, variant } = normalizePlatform(platform);
  const rank = Number(/^v([0-9])/.exec(variant ?? '')?.[1] ?? 0);
  if (architecture === 'arm') {
    const older = [7, 6, 5].filter((v) => v < rank).map((v) => ({ os, architecture, variant: `v${v}` }));
    return [{ os, architecture, variant: variant ?? 'v7' }, ...older];
  }
  if (architecture === 'amd64' && rank > 1) {
    const older = [3, 2].filter((v) => v < rank).map((v) => ({ os, architecture, variant: `v${v}` }));
    return [{ os, architecture, variant: `v${rank}` }, ...older, { os, architecture }];
  }
  if (variant !== undefined && architecture === 'arm64')
    return [
      { os, architecture, variant },
      { os, architecture },
    ];
  return [{ os, architecture, ...(variant === undefined ? {} : { variant }) }];
}

/** Can `wanted` run an image made for `offered`? */
export function matchesPlatform(wanted: Platform, offered: Platform): boolean {
  return rankPlatform(wanted, offered) >= 0;
}

/** 0 for the best match, larger for worse, -1 for none. */
export function rankPlatform(wanted: Platform, offered: Platform): number {
  const target = formatPlatform(normalizePlatform(offered));
  return acceptable(wanted).findIndex((candidate) => formatPlatform(candidate) === target);
}
