import { arch } from 'node:process';
import { invalid } from '#lib/errors';

/** Where an image runs; names are Go's (`amd64`, `arm64`), variants as in image-index.md. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | undefined;
  readonly 'os.version'?: string | undefined;
  readonly 'os.features'?: readonly string[] | undefined;
}

/** Other spellings that people and kernels use. */
const ARCHITECTURES: Record<string, readonly [architecture: string, variant?: string]> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  x64: ['amd64'],
  i386: ['386'],
  i686: ['386'],
  ia32: ['386'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

const KNOWN = new Set(
  '386 amd64 arm arm64 loong64 mips mipsle mips64 mips64le ppc64 ppc64le riscv64 s390x wasm'.split(' '),
);

/**
 * `os`, `arch`, `os/arch` or `os/arch/variant`: what is left out is the host's.
 * @throws invalid
 */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw invalid(`invalid platform: "${text}" is not of the form os[/arch[/variant]]`);
  }
  const [first = '', second, third] = parts;
  if (second !== undefined) return normalizePlatform({ os: first, architecture: second, variant: third });
  if (KNOWN.has(first) || first in ARCHITECTURES) {
    return normalizePlatform({ os: hostPlatform().os, architecture: first });
  }
  return { ...hostPlatform(), os: first };
}

/** Common spellings replaced, default variants (`arm64/v8`, `amd64/v1`) dropped, `arm` given its default `v7`. */
export function normalizePlatform(platform: Platform): Platform {
  const [architecture, implied] = ARCHITECTURES[platform.architecture] ?? [platform.architecture];
  const variant = normalVariant(architecture, platform.variant || implied);
  return {
    os: platform.os === 'macos' ? 'darwin' : platform.os,
    architecture,
    ...(variant && { variant }),
    ...(platform['os.version'] && { 'os.version': platform['os.version'] }),
    ...(platform['os.features']?.length && { 'os.features': platform['os.features'] }),
  };
}

function normalVariant(architecture: string, variant: string | undefined): string | undefined {
  const versioned = variant !== undefined && /^\d+$/.test(variant) ? `v${variant}` : variant;
  if (architecture === 'arm') return versioned ?? 'v7';
  if (architecture === 'arm64' && versioned === 'v8') return undefined;
  if (architecture === 'amd64' && versioned === 'v1') return undefined;
  return versioned;
}

/** `linux/arm/v7` */
export const formatPlatform = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, variant].filter(Boolean).join('/');

/** The platform that this process runs on. */
export const hostPlatform = (): Platform => normalizePlatform({ os: 'linux', architecture: arch });

/**
 * How well an image serves a wish: 0 exactly, higher is worse, undefined not at all.
 * A CPU runs what was built for lower versions of it (`arm/v7` runs `v6`, `amd64/v3` runs `v2`).
 */
export function platformDistance(wanted: Platform, offered: Platform): number | undefined {
  const wish = normalizePlatform(wanted);
  const offer = normalizePlatform(offered);
  if (wish.os !== offer.os || wish.architecture !== offer.architecture) return undefined;
  const version = level(wish);
  const other = level(offer);
  if (version === undefined || other === undefined) return wish.variant === offer.variant ? 0 : undefined;
  return other <= version ? version - other : undefined;
}

export const matchesPlatform = (wanted: Platform, offered: Platform): boolean =>
  platformDistance(wanted, offered) !== undefined;

/** The best of those offered: what has no platform is taken only when nothing else fits. */
export function choosePlatform<T extends { readonly platform?: Platform | undefined }>(
  offered: readonly T[],
  wanted: Platform,
): T | undefined {
  const ranked = offered.flatMap((item) => {
    const distance = item.platform ? platformDistance(wanted, item.platform) : Number.MAX_SAFE_INTEGER;
    return distance === undefined ? [] : [{ item, distance }];
  });
  return ranked.sort((a, b) => a.distance - b.distance)[0]?.item;
}

function level({ architecture, variant }: Platform): number | undefined {
  const base = { arm: 7, arm64: 8, amd64: 1 }[architecture];
  if (base === undefined || variant === undefined) return base;
  const [, digits] = /^v(\d+)(?:\.\d+)?$/.exec(variant) ?? [];
  return digits === undefined ? undefined : Number(digits);
}
