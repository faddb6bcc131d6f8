import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { invalid } from '#lib/errors';
import { compareVersions, isApiVersion, MAX_API_VERSION, MIN_API_VERSION } from '#protocol';

export function absolutePath(value: string): void {
  if (!isAbsolute(value)) throw invalid(`must be an absolute path, not ${JSON.stringify(value)}`);
}

/** Any family unless one is named. */
export const address = (family?: 4 | 6) => (value: string) => {
  const found = value.includes('%') ? 0 : isIP(value);
  if (found === 0 || (family !== undefined && found !== family))
    throw invalid(`must be an IP${family ? `v${family}` : ''} address, not ${JSON.stringify(value)}`);
};

/** `10.1.2.3/16` */
export const cidr = (family: 4 | 6) => (value: string) => {
  const { 1: base = '', 2: prefix } = /^([^/%]+)\/(\d{1,3})$/.exec(value) ?? [];
  if (isIP(base) !== family || Number(prefix) > (family === 4 ? 32 : 128))
    throw invalid(
      `must be an IPv${family} address and prefix such as ${family === 4 ? '172.20.0.1/16' : 'fd00:1::/64'}, not ${JSON.stringify(value)}`,
    );
};

/** `key=value`, Docker's rule for labels of the daemon. */
export function label(value: string): void {
  if (!/^[^=\s][^=]*=/.test(value)) throw invalid(`${JSON.stringify(value)} must be of the form key=value`);
}

export function searchDomain(value: string): void {
  if (value !== '.' && !/^(?!-)[\w-]{1,63}(\.[\w-]{1,63})*\.?$/.test(value.trim()))
    throw invalid(`${JSON.stringify(value)} is not a valid domain`);
}

/** A registry mirror: the root of a site. */
export function mirror(value: string): void {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw invalid(`${JSON.stringify(value)} is not an http(s) URL`);
  if (url.username || url.search || url.hash)
    throw invalid(`${JSON.stringify(value)} must have no user, query or fragment`);
}

/** A registry's host[:port], or a CIDR. */
export function registry(value: string): void {
  if (/^https?:\/\//i.test(value))
    throw invalid(`${JSON.stringify(value)} must be a host or a CIDR, without a scheme`);
  if (value === '' || value.startsWith('-') || /\s/.test(value))
    throw invalid(`${JSON.stringify(value)} is not a registry's host or a CIDR`);
}

export function apiVersion(value: string): void {
  if (/^v/i.test(value)) throw invalid('must be given without the prefix "v"');
  if (!isApiVersion(value))
    throw invalid(`must be an API version such as 1.44, not ${JSON.stringify(value)}`);
  if (compareVersions(value, MIN_API_VERSION) < 0 || compareVersions(value, MAX_API_VERSION) > 0)
    throw invalid(`must be from ${MIN_API_VERSION} to ${MAX_API_VERSION}, and is ${value}`);
}

/** `address:port` of a listener; no address: every one. */
export function listenAddress(value: string): void {
  const [, ipv6, host, port] = /^(?:\[([\da-fA-F:.]+)\]|([^:/[\]]*)):(\d{1,5})$/.exec(value) ?? [];
  if ((ipv6 ?? host) === undefined || Number(port) > 65535)
    throw invalid(`must be address:port such as 127.0.0.1:9323, not ${JSON.stringify(value)}`);
}

/** A proxy's URL; empty: none. */
export function proxy(value: string): void {
  if (value === '') return;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (!url || !/^(https?|socks5):$/.test(url.protocol))
    throw invalid('must be a proxy such as http://proxy:3128');
}

/** `layers=form`, the only one there is, and one that has no meaning for dockerd either and is in many files. */
export function storageOption(value: string): void {
  if (/^overlay2?\.override_kernel_check=/.test(value)) return;
  if (!/^layers=(auto|erofs|directory)$/.test(value))
    throw invalid(
      `cannot have ${JSON.stringify(value)}: there is layers=auto, layers=erofs and layers=directory`,
    );
}
