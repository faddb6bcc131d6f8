import { invalid } from '#lib/errors';
import { csvFields } from './csv.ts';
import { isIp } from './ports.ts';

/** One `--network`, in the short or the long form. */
export interface NetworkFlag {
  readonly target: string;
  readonly aliases: readonly string[];
  readonly driverOpts: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly ip6: string;
  readonly mac: string;
  readonly linkLocalIps: readonly string[];
  readonly gatewayPriority: number | undefined;
}

const EMPTY: NetworkFlag = {
  target: '',
  aliases: [],
  driverOpts: {},
  ip: '',
  ip6: '',
  mac: '',
  linkLocalIps: [],
  gatewayPriority: undefined,
};

/** `mynet`, `container:x`, or `name=mynet,alias=db,ip=10.0.0.5,driver-opt=a=b,bandwidth-in=10mbit`. @throws invalid */
export function parseNetwork(text: string): NetworkFlag {
  if (!/\w+=\w+(,\w+=\w+)*/.test(text)) return { ...EMPTY, target: text };
  let network = EMPTY;
  for (const field of csvFields(text)) {
    const equals = field.indexOf('=');
    if (equals < 0) throw invalid(`invalid field: ${field}`);
    const key = field.slice(0, equals).trim().toLowerCase();
    const value = field.slice(equals + 1).trim();
    network = { ...network, ...fieldOf(network, key, value, field) };
  }
  if (network.target === '') throw invalid('network name is not specified');
  return network;
}

function fieldOf(network: NetworkFlag, key: string, value: string, field: string): Partial<NetworkFlag> {
  switch (key) {
    case 'name':
      return { target: value };
    case 'alias':
      return { aliases: [...network.aliases, value] };
    case 'ip':
      return { ip: address(value) };
    case 'ip6':
      return { ip6: address(value) };
    case 'mac-address':
      return { mac: parseMac(value) };
    case 'link-local-ip':
      return { linkLocalIps: [...network.linkLocalIps, address(value)] };
    case 'driver-opt': {
      const equals = value.indexOf('=');
      if (equals <= 0) throw invalid(`invalid key value pair format in driver options`);
      return { driverOpts: { ...network.driverOpts, [value.slice(0, equals)]: value.slice(equals + 1) } };
    }
    case 'bandwidth-in':
    case 'bandwidth-out':
      return { driverOpts: { ...network.driverOpts, [key]: bandwidth(value) } };
    case 'gw-priority':
      if (!/^-?\d+$/.test(value)) throw invalid(`invalid gw-priority (${value}): must be a whole number`);
      return { gatewayPriority: Number(value) };
    default:
      throw invalid(`invalid field key ${key} in '${field}'`);
  }
}

/** @throws invalid */
export function address(text: string): string {
  if (!isIp(text)) throw invalid(`IP address is not correctly formatted: ${text}`);
  return text;
}

/** A rate as the engine takes it: `10mbit`, `500kbps` (bytes). @throws invalid */
export function bandwidth(text: string): string {
  if (!/^\d+(\.\d+)?([kmgt]i?)?(bit|bps)?$/i.test(text)) {
    throw invalid(`invalid bandwidth ${JSON.stringify(text)}: use a number with a unit, such as 10mbit`);
  }
  return text;
}

/** @throws invalid */
export function parseMac(text: string): string {
  if (!/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(text)) throw invalid(`${text} is not a valid mac address`);
  return text;
}

/** `--add-host name:ip`, `name=ip`, `name:host-gateway`. @throws invalid */
export function parseExtraHost(text: string): string {
  const at = /[=:]/.exec(text)?.index ?? -1;
  if (at <= 0) throw invalid(`bad format for add-host: ${JSON.stringify(text)}`);
  const name = text.slice(0, at);
  const value = text.slice(at + 1).replace(/^\[(.*)\]$/, '$1');
  if (value !== 'host-gateway' && !isIp(value))
    throw invalid(`invalid IP address in add-host: ${JSON.stringify(value)}`);
  return `${name}:${value}`;
}

/** `--dns-search example.com`, or `.` for none. @throws invalid */
export function parseSearchDomain(text: string): string {
  const domain = text.trim();
  if (domain === '.') return domain;
  if (domain.length > 253 || !/^(:?[a-zA-Z0-9_-]+\.)*[a-zA-Z0-9_-]+\.?$/.test(domain))
    throw invalid(`${text} is not a valid domain`);
  return domain;
}

/** `--link name[:alias]`. @throws invalid */
export function parseLink(text: string): string {
  const [name = '', alias, ...rest] = text.split(':');
  if (name === '') throw invalid('empty string specified for links');
  if (rest.length > 0) throw invalid(`bad format for links: ${text}`);
  return `${name}:${alias ?? name.slice(name.lastIndexOf('/') + 1)}`;
}
