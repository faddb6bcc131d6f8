import { isIP } from 'node:net';
import { env } from 'node:process';
import { isWithin, parseCidr } from '#lib/cidr';
import { isLoopback } from './loopback.ts';

/** URLs of proxies for http: and https:, and the hosts that are reached without one, separated by commas. */
export interface Proxies {
  readonly http: string;
  readonly https: string;
  readonly none: string;
}

const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

export function environmentProxies(): Proxies | undefined {
  const read = (name: string) => env[name] || env[name.toUpperCase()] || '';
  const [http, https] = [read('http_proxy'), read('https_proxy')];
  return http || https ? { http, https, none: read('no_proxy') } : undefined;
}

/** The proxy by which a URL is reached, by Go's rules, which Docker's users know; undefined: none. */
export function proxyFor(url: URL, proxies: Proxies | undefined): string | undefined {
  const proxy = url.protocol === 'https:' ? proxies?.https : proxies?.http;
  if (!proxies || !proxy || isLoopback(url.hostname)) return undefined;
  if (proxies.none.split(',').some((entry) => isExempt(url, entry.trim().toLowerCase()))) return undefined;
  return proxy.includes('://') ? proxy : `http://${proxy}`;
}

/** `*`, an address or a block of them, `example.com` with all below it, `.example.com` without it; a port may follow. */
function isExempt(url: URL, entry: string): boolean {
  if (entry === '') return false;
  if (entry === '*') return true;
  const host = withoutBrackets(url.hostname);
  const block = parseCidr(entry);
  if (block) return isWithin(host, block);
  const whole = withoutBrackets(entry);
  if (isIP(whole) !== 0) return host === whole;
  const [, name = '', port] = /^(.+?)(?::(\d+))?$/.exec(entry) ?? [];
  if (port !== undefined && port !== (url.port || PORTS[url.protocol])) return false;
  const bare = withoutBrackets(name);
  if (isIP(bare) !== 0) return host === bare;
  const domain = bare.replace(/^\*\./, '.');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
