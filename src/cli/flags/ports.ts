import { isIP } from 'node:net';
import { invalid } from '#lib/errors';
import { csvFields } from './csv.ts';

/** `80/tcp` -> where on the host. */
export type PortBindings = Readonly<
  Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>
>;

export interface PublishedPorts {
  readonly exposed: Readonly<Record<string, Record<string, never>>>;
  readonly bindings: PortBindings;
}

interface Range {
  readonly from: number;
  readonly to: number;
}

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp']);

/** Every `--publish`, in both syntaxes, together. @throws invalid */
export function collectPorts(specs: readonly string[]): PublishedPorts {
  const exposed: Record<string, Record<string, never>> = {};
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const spec of specs) {
    for (const { port, binding } of parsePublish(spec)) {
      exposed[port] = {};
      (bindings[port] ??= []).push(binding);
    }
  }
  return { exposed, bindings };
}

/**
 * `[[ip:][hostPort]:]containerPort[/protocol]`, each port a number or a range, or `published=..,target=..,protocol=..`.
 * @throws invalid
 */
export function parsePublish(spec: string) {
  return isLong(spec) ? publishLong(spec) : publishShort(spec);
}

const isLong = (spec: string) => spec.includes('=');

function publishShort(spec: string) {
  const { ip, hostPart, containerPart } = splitShort(spec);
  const [portText = '', protocol = 'tcp'] = containerPart.split('/', 2);
  if (portText === '') throw invalid(`no port specified: ${spec}<empty>`);
  const container = parseRange(portText, () => `invalid containerPort: ${portText}`);
  const proto = protocol.toLowerCase() || 'tcp';
  if (!PROTOCOLS.has(proto)) throw invalid(`invalid proto: ${protocol}`);
  if (ip !== '' && !isIp(ip)) throw invalid(`invalid IP address: ${ip}`);
  const host = hostPart === '' ? undefined : parseRange(hostPart, () => `invalid hostPort: ${hostPart}`);
  const span = container.to - container.from;
  if (host && host.to - host.from !== span && span !== 0) {
    throw invalid(`invalid ranges specified for container and host Ports: ${portText} and ${hostPart}`);
  }
  return ports(container, (offset) => {
    if (!host) return '';
    // One container port and a range on the host: the daemon takes a free one.
    return span === 0 && host.to !== host.from ? `${host.from}-${host.to}` : String(host.from + offset);
  }).map(({ port, host: HostPort }) => ({ port: `${port}/${proto}`, binding: { HostIp: ip, HostPort } }));
}

function splitShort(spec: string): { ip: string; hostPart: string; containerPart: string } {
  const bracketed = /^\[([^\]]*)\]:(.*)$/.exec(spec);
  if (bracketed) {
    const parts = (bracketed[2] ?? '').split(':');
    const [first = '', second] = parts;
    if (parts.length > 2)
      throw invalid(`invalid publish opts format (should be name=value but got '${spec}')`);
    return {
      ip: bracketed[1] ?? '',
      hostPart: second === undefined ? '' : first,
      containerPart: second ?? first,
    };
  }
  const parts = spec.split(':');
  const containerPart = parts.pop() ?? '';
  const hostPart = parts.pop() ?? '';
  return { ip: parts.join(':'), hostPart, containerPart };
}

function publishLong(spec: string) {
  const fields: Record<string, string> = { protocol: 'tcp', published: '', target: '', mode: 'ingress' };
  for (const field of csvFields(spec)) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).trim().toLowerCase();
    const value = equals < 0 ? '' : field.slice(equals + 1).trim();
    if (equals < 0 || value === '') throw invalid(`invalid field: ${field}`);
    if (!(key in fields)) throw invalid(`invalid field key: ${key}`);
    fields[key] = value;
  }
  const { protocol = 'tcp', published = '', target = '', mode = '' } = fields;
  if (!PROTOCOLS.has(protocol)) throw invalid(`invalid protocol value '${protocol}'`);
  if (mode !== 'ingress' && mode !== 'host') throw invalid(`invalid publish mode value '${mode}'`);
  if (!/^\d+$/.test(target))
    throw invalid(
      target === ''
        ? `missing mandatory field 'target'`
        : `invalid target port (${target}): value must be an integer`,
    );
  const host = published === '' ? '' : published;
  if (host !== '') parseRange(host, () => `invalid published port (${host}): value must be an integer`);
  return [{ port: `${target}/${protocol}`, binding: { HostIp: '', HostPort: host } }];
}

function ports(range: Range, host: (offset: number) => string) {
  return Array.from({ length: range.to - range.from + 1 }, (_, offset) => ({
    port: range.from + offset,
    host: host(offset),
  }));
}

/** `--expose 80`, `--expose 7000-7010/udp` -> `80/tcp`... @throws invalid */
export function parseExpose(spec: string): string[] {
  if (spec.includes(':')) throw invalid(`invalid port format for --expose: ${spec}`);
  const [portText = '', protocol = 'tcp'] = spec.split('/', 2);
  const proto = protocol.toLowerCase();
  if (!PROTOCOLS.has(proto)) throw invalid(`invalid proto: ${protocol}`);
  const range = parseRange(portText, () => `invalid range format for --expose: ${spec}`);
  return ports(range, () => '').map(({ port }) => `${port}/${proto}`);
}

/** @throws invalid with the given text */
function parseRange(text: string, complaint: () => string): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const from = Number(match?.[1]);
  const to = match?.[2] === undefined ? from : Number(match[2]);
  if (!match || from > 65535 || to > 65535 || to < from) throw invalid(complaint());
  return { from, to };
}

/** IPv4 or IPv6. */
export const isIp = (text: string): boolean => isIP(text) !== 0;
