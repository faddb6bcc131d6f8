import type { LineLog } from '#lib/line-log';
import type { Proxies } from '#oci/remote';

/**
 * What is configured goes before the environment, as in dockerd, and is for all that this process fetches: images, what
 * ADD names, and by children such as git.
 */
export function exportProxies(proxies: Proxies | undefined, log: LineLog): void {
  if (!proxies) return;
  const { http, https, none } = proxies;
  for (const [name, value] of Object.entries({ HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: none })) {
    if (value === '') continue;
    for (const spelling of [name, name.toLowerCase()]) {
      const before = process.env[spelling];
      if (before && before !== value)
        log.warn('the configuration overrides a proxy of the environment', { name: spelling });
      process.env[spelling] = value;
    }
  }
}
