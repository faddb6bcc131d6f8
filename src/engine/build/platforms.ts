import { formatPlatform, hostPlatform, type Platform } from '#oci/image';
import type { AttestOptions } from './attest/options.ts';
import type { Plan } from './plan/plan.ts';
import type { PlannedLine } from './plan/stage.ts';

interface Wanted {
  readonly platforms: readonly Platform[];
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly attest: AttestOptions;
}

/** What is built for, each but once; the host's when nobody says. */
export function platformsOf({ platforms }: Pick<Wanted, 'platforms'>): Platform[] {
  if (platforms.length === 0) return [hostPlatform()];
  return [...new Map(platforms.map((platform) => [formatPlatform(platform), platform])).values()];
}

/** Whether the result is an index, even of one image. */
export const isIndexed = (wanted: Wanted): boolean =>
  platformsOf(wanted).length > 1 ||
  wanted.attest.provenance !== undefined ||
  wanted.attest.sbom !== undefined ||
  /^(?:1|true)$/i.test(wanted.buildArgs.get('BUILDKIT_MULTI_PLATFORM') ?? '');

/** A plan's lines as they are shown: beside those of other platforms with its own. */
export function linesOf({ lines, platform }: Plan, _index: number, plans: readonly Plan[]): PlannedLine[] {
  if (plans.length === 1) return [...lines];
  const name = formatPlatform(platform);
  return lines.map(({ text, step }) => ({ text: `[${name}] ${text}`, step }));
}
