import { BlockList, isIP } from 'node:net';
import { env } from 'node:process';
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
  const [, base = '', prefix] = /^([^/]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (prefix !== undefined) return inBlock(host, base, Number(prefix));
  const whole = withoutBrackets(entry);
  if (isIP(whole) !== 0) return host === whole;
  const [, name = '', port] = /^(.+?)(?::(\d+))?$/.exec(entry) ?? [];
  if (port !== undefined && port !== (url.port || PORTS[url.protocol])) return false;
  const bare = withoutBrackets(name);
  if (isIP(bare) !== 0) return host === bare;
  const domain = bare.replace(/^\*\./, '.');
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`);
}

function inBlock(host: string, base: string, prefix: number): boolean {
  const [family, own] = [isIP(base), isIP(host)];
  if (family === 0 || family !== own || prefix > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const block = new BlockList();
  block.addSubnet(base, prefix, type);
  return block.check(host, type);
}

const withoutBrackets = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
