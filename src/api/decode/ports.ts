import { isIP } from 'node:net';
import type { PortBinding } from '#engine/networks';
import type { PortSelection } from '#engine/ports';
import { invalid } from '#lib/errors';
import type { HostConfig } from '#protocol';

export interface ContainerPort {
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
}

/** `80`, `80/udp`. @throws invalid */
export function parseContainerPort(text: string): ContainerPort {
  const [, digits, protocol = 'tcp'] = /^(\d{1,5})(?:\/(\w*))?$/.exec(text) ?? [];
  const containerPort = portNumber(digits);
  if (containerPort === undefined) throw invalid(`invalid port specification: ${JSON.stringify(text)}`);
  const name = protocol.toLowerCase() || 'tcp';
  if (name !== 'tcp' && name !== 'udp' && name !== 'sctp') {
    throw invalid(`invalid port specification: ${JSON.stringify(text)}: unknown protocol ${protocol}`);
  }
  return { containerPort, protocol: name };
}

/** `Config.ExposedPorts` in one spelling. @throws invalid */
export function exposedPorts(ports: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(ports).map((text) => {
    const { containerPort, protocol } = parseContainerPort(text);
    return `${containerPort}/${protocol}`;
  });
}

/** `HostConfig.PortBindings`; a host port may be empty (the engine picks) or a range. @throws invalid */
export function portBindings(map: NonNullable<HostConfig['PortBindings']>): PortBinding[] {
  return Object.entries(map).flatMap(([port, bindings]) => {
    const target = parseContainerPort(port);
    return bindings.map(({ HostIp = '', HostPort = '' }) => {
      if (HostIp !== '' && isIP(HostIp) === 0) throw invalid(`invalid IP address: ${HostIp}`);
      return { ...target, hostIp: HostIp, ...hostPorts(HostPort) };
    });
  });
}

/**
 * A published port by the host's side of it: `8080`, `8080/udp`, `127.0.0.1:8080`, `[::1]:8080`, with `:80` also where
 * it leads to; a range is all of its ports.
 * @throws invalid
 */
export function portSelections(text: string): PortSelection[] {
  const complaint = () => invalid(`invalid port specification: ${JSON.stringify(text)}`);
  const [, address = '', first, last, inside, protocol = 'tcp'] =
    /^(?:(\[[^\]]*\]|[^:\]]*\.[^:]*):)?(\d{1,5})(?:-(\d{1,5}))?(?::(\d{1,5}))?(?:\/(\w+))?$/.exec(text) ?? [];
  const hostIp = address.replace(/^\[(.*)\]$/, '$1');
  const [from, to] = [portNumber(first, 0), portNumber(last ?? first, 0)];
  const containerPort = inside === undefined ? undefined : portNumber(inside);
  const name = protocol.toLowerCase();
  if (from === undefined || to === undefined || to < from) throw complaint();
  if (inside !== undefined && containerPort === undefined) throw complaint();
  if (hostIp !== '' && isIP(hostIp) === 0) throw invalid(`invalid IP address: ${hostIp}`);
  if (name !== 'tcp' && name !== 'udp' && name !== 'sctp') throw complaint();
  return Array.from({ length: to - from + 1 }, (_, offset) => ({
    protocol: name,
    hostIp,
    hostPort: from + offset,
    ...(containerPort === undefined ? {} : { containerPort }),
  }));
}

function hostPorts(text: string): { hostPort: number; hostPortEnd?: number } {
  if (text === '') return { hostPort: 0 };
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const hostPort = portNumber(first, 0);
  const hostPortEnd = portNumber(last ?? first, 0);
  if (hostPort === undefined || hostPortEnd === undefined || hostPortEnd < hostPort) {
    throw invalid(`invalid port specification: ${JSON.stringify(text)}`);
  }
  return hostPortEnd > hostPort ? { hostPort, hostPortEnd } : { hostPort };
}

function portNumber(digits: string | undefined, minimum = 1): number | undefined {
  const port = digits === undefined ? Number.NaN : Number(digits);
  return port >= minimum && port <= 65535 ? port : undefined;
}
