import { expandWord, type Finding, type From, Lookups } from '#dockerfile';
import type { Image } from '#engine/images';
import { formatPlatform, matchesPlatform, type Platform, parsePlatform } from '#oci/image';
import { parseReference } from '#oci/reference';
import { globalArguments } from './globals.ts';
import type { PlanOptions } from './options.ts';

/** With the defaults alone, every base should be something that can be an image's name. */
export function lintBases(
  options: Pick<PlanOptions, 'dockerfile' | 'platform' | 'buildPlatform'>,
): Finding[] {
  const { stages, directives } = options.dockerfile;
  const [first] = stages;
  if (!first) return [];
  const defaults = globalArguments({ ...options, buildArgs: new Map() }, first);
  return stages.flatMap(({ from: { base, lines } }): Finding[] => {
    if (!base.includes('$') || isName(base, defaults, directives.escape)) return [];
    const message = `Default value for ARG ${base} results in empty or invalid base image name`;
    return [{ rule: 'InvalidDefaultArgInFrom', message, lines }];
  });
}

function isName(text: string, values: ReadonlyMap<string, string>, escape: string): boolean {
  try {
    parseReference(expandWord(text, values, { escape }));
    return true;
  } catch {
    return false;
  }
}

/** What `FROM --platform=` says; `value`: with its variables put in. */
export function lintPlatformFlag(
  { platform = '', name, lines }: From,
  value: string,
  target: Platform,
): Finding[] {
  const lookups = new Lookups(new Map());
  expandWord(platform, lookups, { escape: '\\' });
  const used = [...lookups.used];
  if (used.length === 1 && used[0] === 'TARGETPLATFORM' && value === formatPlatform(target)) {
    const message = `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`;
    return [{ rule: 'RedundantTargetPlatform', message, lines }];
  }
  if (used.length > 0) return [];
  const { os, architecture } = parsePlatform(value);
  // A stage that is called after it is of that platform on purpose.
  if (name !== undefined && (name.includes(os) || name.includes(architecture))) return [];
  const message = `FROM --platform flag should not use constant value "${value}"`;
  return [{ rule: 'FromPlatformFlagConstDisallowed', message, lines }];
}

export function lintPlatform(
  { os, architecture, variant }: Image,
  reference: string,
  wanted: Platform,
  lines: Finding['lines'],
): Finding[] {
  const actual = { os, architecture, ...(variant && { variant }) };
  if (matchesPlatform(wanted, actual)) return [];
  const message = `Base image ${reference} was pulled with platform "${formatPlatform(actual)}", expected "${formatPlatform(wanted)}" for current build`;
  return [{ rule: 'InvalidBaseImagePlatform', message, lines }];
}
