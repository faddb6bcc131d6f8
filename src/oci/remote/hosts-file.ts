import { parse, TomlError, type TomlTable, type TomlValue } from 'smol-toml';
import { parseDuration } from '#lib/durations';
import { invalid } from '#lib/errors';

export type Capability = 'pull' | 'resolve' | 'push';

/** What a hosts.toml says of one host. Paths are as written: relative to the file, or absolute. */
export interface HostSettings {
  /** Undefined: not said, so the registry itself. */
  readonly url: string | undefined;
  readonly capabilities: ReadonlySet<Capability>;
  readonly skipVerify: boolean;
  /** Paths of PEM files. */
  readonly ca: readonly string[];
  /** Paths of certificate and key; without a key both are in one file. */
  readonly client: readonly { readonly cert: string; readonly key: string | undefined }[];
  readonly headers: Readonly<Record<string, string>>;
  /** The URL's path is the root of the API, instead of `/v2`. */
  readonly overridePath: boolean;
  /** Milliseconds. */
  readonly dialTimeout: number | undefined;
  readonly proxy: string | undefined;
}

/** containerd's hosts.toml (its docs/hosts.md): where else a registry's content is, and how the hosts are reached. */
export interface HostsFile {
  /** Tried in this order, before the server. */
  readonly hosts: readonly HostSettings[];
  readonly server: HostSettings;
}

const CAPABILITIES: readonly Capability[] = ['pull', 'resolve', 'push'];
const KEYS = [
  'capabilities',
  'skip_verify',
  'ca',
  'client',
  'header',
  'override_path',
  'dial_timeout',
  'proxy',
];

/** @throws invalid, which names the key or the line */
export function parseHostsFile(text: string): HostsFile {
  const file = parseToml(text);
  refuseUnknown(file, ['server', 'host', ...KEYS], '');
  const hosts = tableOf(file, 'host');
  return {
    hosts: Object.entries(hosts).map(([url, value]) => {
      const place = `host."${url}"`;
      if (!isTable(value)) throw invalid(`${place} must be a table`);
      refuseUnknown(value, KEYS, `${place}.`);
      return readHost(value, baseUrl(url, place), `${place}.`);
    }),
    server: readHost(file, serverUrl(file), ''),
  };
}

function parseToml(text: string): TomlTable {
  try {
    return parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Without the picture of the place that follows.
    const [reason] = error.message.split('\n');
    throw invalid(`line ${error.line}: ${reason}`, error);
  }
}

function serverUrl(file: TomlTable): string | undefined {
  const server = file['server'];
  if (server === undefined) return undefined;
  if (typeof server !== 'string') throw invalid('server must be a string');
  return baseUrl(server, 'server');
}

function readHost(table: TomlTable, url: string | undefined, place: string): HostSettings {
  const read = <T>(key: string, is: (value: TomlValue) => value is TomlValue & T, expected: string) => {
    const value = table[key];
    if (value !== undefined && !is(value)) throw invalid(`${place}${key} must be ${expected}`);
    return value as T | undefined;
  };
  const proxy = read('proxy', isString, 'a string');
  if (proxy !== undefined) checkProxy(proxy, `${place}proxy`);
  const timeout = read('dial_timeout', isString, 'a duration such as "10s"');
  return {
    url,
    capabilities: new Set(capabilitiesOf(table['capabilities'], `${place}capabilities`)),
    skipVerify: read('skip_verify', isBoolean, 'true or false') ?? false,
    ca: stringsOf(table['ca'], `${place}ca`),
    client: clientsOf(table['client'], `${place}client`),
    headers: headersOf(tableOf(table, 'header', place), `${place}header.`),
    overridePath: read('override_path', isBoolean, 'true or false') ?? false,
    dialTimeout: timeout === undefined ? undefined : durationOf(timeout, `${place}dial_timeout`),
    proxy,
  };
}

/** All of them unless some are named. */
function capabilitiesOf(value: TomlValue | undefined, place: string): Capability[] {
  if (value === undefined) return [...CAPABILITIES];
  return stringsOf(value, place).map((name) => {
    const known = CAPABILITIES.find((capability) => capability === name.toLowerCase());
    if (!known) throw invalid(`${place} has ${JSON.stringify(name)}: there is pull, resolve and push`);
    return known;
  });
}

/** A path, paths, or pairs of certificate and key. */
function clientsOf(value: TomlValue | undefined, place: string): HostSettings['client'] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).map((entry: TomlValue) => {
    const [cert, key, ...more] = isString(entry) ? [entry] : stringsOf(entry, place);
    if (!cert || more.length > 0)
      throw invalid(`${place} must be a path, paths, or pairs of certificate and key`);
    return { cert, key: key || undefined };
  });
}

const headersOf = (table: TomlTable, place: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(table).map(([name, value]) => {
      const text = stringsOf(value, `${place}${name}`).join(', ');
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(text))
        throw invalid(`${place}${name} is no header`);
      return [name.toLowerCase(), text];
    }),
  );

function stringsOf(value: TomlValue | undefined, place: string): string[] {
  if (value === undefined) return [];
  const values: readonly TomlValue[] = Array.isArray(value) ? value : [value as TomlValue];
  return values.map((entry) => {
    if (!isString(entry)) throw invalid(`${place} must be a string or a list of strings`);
    return entry;
  });
}

/** Without a scheme it is https, but for this machine itself. */
function baseUrl(text: string, place: string): string {
  const local = /^(?:localhost|127\.[\d.]+|\[::1\])(?::\d+)?(?:\/|$)/.test(text);
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `${local ? 'http' : 'https'}://${text}`;
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:$/.test(parsed.protocol) || parsed.username || parsed.search || parsed.hash)
    throw invalid(`${place} ${JSON.stringify(text)} is no http(s) URL without user, query and fragment`);
  return url;
}

function checkProxy(text: string, place: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^(?:https?|socks5h?):$/.test(url.protocol) || url.hostname === '' || url.search || url.hash)
    throw invalid(`${place} must be a URL such as http://proxy:3128`);
}

/** Whole milliseconds: timers know no others. */
function durationOf(text: string, place: string): number {
  const nanoseconds = durationIn(text);
  if (nanoseconds === undefined || nanoseconds < 0)
    throw invalid(`${place} must be a duration such as "10s"`);
  return Math.ceil(nanoseconds / 1e6);
}

function durationIn(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined;
  }
}

function refuseUnknown(table: TomlTable, known: readonly string[], place: string): void {
  for (const key of Object.keys(table))
    if (!known.includes(key)) throw invalid(`${place}${key} is unknown: there is ${known.join(', ')}`);
}

function tableOf(table: TomlTable, key: string, place = ''): TomlTable {
  const value = table[key] ?? {};
  if (!isTable(value)) throw invalid(`${place}${key} must be a table`);
  return value;
}

const isTable = (value: TomlValue): value is TomlTable =>
  typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
const isString = (value: TomlValue): value is string => typeof value === 'string';
const isBoolean = (value: TomlValue): value is boolean => typeof value === 'boolean';
