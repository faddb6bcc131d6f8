import { invalid } from '#lib/errors';

/** `linux/arm64/v8` as the JSON that the newer operations want; undefined for ''. @throws invalid */
export function platformQuery(platform: string): string | undefined {
  if (platform === '') return undefined;
  const [os, architecture, variant, ...rest] = platform.toLowerCase().split('/');
  if (!os || !architecture || rest.length > 0)
    throw invalid(`invalid platform: ${platform} (use os/architecture[/variant], such as linux/arm64)`);
  return JSON.stringify({ os, architecture, ...(variant && { variant }) });
}

/** Several, for `save`, `load` and `rm`. @throws invalid */
export const platformQueries = (platforms: readonly string[]): string[] =>
  platforms.flatMap((platform) => platformQuery(platform) ?? []);
