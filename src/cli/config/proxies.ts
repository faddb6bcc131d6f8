import type { ConfigFile } from './file.ts';

const NAMES: Readonly<Record<string, string>> = {
  httpProxy: 'HTTP_PROXY',
  httpsProxy: 'HTTPS_PROXY',
  ftpProxy: 'FTP_PROXY',
  noProxy: 'NO_PROXY',
  allProxy: 'ALL_PROXY',
};

/** Variables for new containers from `proxies` in config.json, of this daemon or of all: in both cases, as programs differ. */
export function proxyVariables({ proxies }: ConfigFile, host: string): string[] {
  const settings = proxies?.[host] ?? proxies?.['default'] ?? {};
  return Object.entries(NAMES).flatMap(([key, name]) => {
    const value = settings[key];
    return value ? [`${name}=${value}`, `${name.toLowerCase()}=${value}`] : [];
  });
}
