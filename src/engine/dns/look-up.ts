import type { KnownNames } from './known-names.ts';
import { RCODE, TYPE } from './message/codes.ts';
import { addressOfName } from './message/name.ts';
import type { Answer, Reply } from './message/reply.ts';
import type { Named, NetworkNames } from './names.ts';

export interface SeenNetwork {
  readonly names: NetworkNames;
  /** Alias to the name or id of the container that is meant; both in lower case. */
  readonly links: ReadonlyMap<string, string>;
}

/** What a container can see of the names. */
export interface Sight {
  /** In the order in which they are searched. */
  readonly networks: readonly SeenNetwork[];
  /** Port of a service by its name in SRV queries: `http/tcp` -> 80. */
  readonly services: ReadonlyMap<string, number>;
  /** Of all containers, running or not. */
  readonly known?: KnownNames;
}

/**
 * Seconds. A container that is started again has another address, and those who keep answers would
 * go on asking for it at the old one.
 */
const TTL = 5;

const NO_DATA: Reply = { rcode: RCODE.NOERROR };
const NO_NAME: Reply = { rcode: RCODE.NXDOMAIN };

/** The answer to a question about a container or an address on its networks; undefined when it is about none. */
export function lookUp(sight: Sight, name: string, type: number, turn: number): Reply | undefined {
  if (type === TYPE.PTR) {
    const address = name.endsWith('.arpa') ? addressOfName(name) : undefined;
    if (address !== undefined) return lookUpAddress(sight, address);
  }
  if (type === TYPE.SRV && name.startsWith('_')) return lookUpService(sight, name, turn);
  const found = find(sight, name);
  if (found.length === 0) return isAway(sight, name) ? NO_NAME : undefined;
  const answers = rotate(found, turn).flatMap((named) => addressesOf(named, type));
  // The name is there and has nothing of that type, which is another answer than that it is not there.
  return answers.length > 0 ? { rcode: RCODE.NOERROR, answers, ttl: TTL } : NO_DATA;
}

/** Whether it is the name of a container that does not run now, or of a link to one, or what is below such a name. */
const isAway = ({ networks, known }: Sight, name: string): boolean =>
  readings(networks, name.replace(/^_[^.]+\._[^.]+\./, '')).some(
    ([own, places]) =>
      places.some(({ links }) => links.has(own)) ||
      known?.has(
        own,
        places.map(({ names }) => names),
      ),
  );

/** The first reading of a name that is somebody's. */
function find({ networks }: Sight, name: string): readonly Named[] {
  for (const [own, places] of readings(networks, name)) {
    const found = findOn(places, own);
    if (found.length > 0) return found;
  }
  return [];
}

/** What a name could be: itself on any of the networks, then `name.network`; names and networks may both have dots. */
function readings(networks: readonly SeenNetwork[], name: string): [string, readonly SeenNetwork[]][] {
  const all: [string, readonly SeenNetwork[]][] = [[name, networks]];
  for (let dot = name.lastIndexOf('.'); dot > 0; dot = name.lastIndexOf('.', dot - 1)) {
    const domain = name.slice(dot + 1);
    const places = networks.filter(({ names }) => names.domain === domain);
    if (places.length > 0) all.push([name.slice(0, dot), places]);
  }
  return all;
}

/** The first network that has the name answers, one with a link of that name before the others. */
function findOn(networks: readonly SeenNetwork[], name: string): readonly Named[] {
  for (const { names, links } of networks) {
    const target = links.get(name);
    const found = target === undefined ? [] : linked(names, target);
    if (found.length > 0) return found;
  }
  for (const { names, links } of networks) {
    // There the name is the link's, also while nobody has what it leads to.
    const found = links.has(name) ? [] : names.named(name);
    if (found.length > 0) return found;
  }
  return [];
}

/** By name, or by an id however long: the short one is a name. */
function linked(names: NetworkNames, target: string): readonly Named[] {
  const found = names.named(target);
  return found.length > 0 || !/^[0-9a-f]{13,64}$/.test(target) ? found : names.named(target.slice(0, 12));
}

const addressesOf = (named: Named, type: number): Answer[] => [
  ...(type === TYPE.A || type === TYPE.ANY ? named.ipv4.map((data) => ({ type: TYPE.A, data })) : []),
  ...(type === TYPE.AAAA || type === TYPE.ANY ? named.ipv6.map((data) => ({ type: TYPE.AAAA, data })) : []),
];

/** So that clients that take the first address spread over all. */
function rotate<T>(items: readonly T[], turn: number): readonly T[] {
  if (items.length < 2) return items;
  const first = turn % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

function lookUpAddress({ networks }: Sight, address: string): Reply | undefined {
  for (const { names } of networks) {
    const fullName = names.at(address)?.fullName;
    if (fullName) return { rcode: RCODE.NOERROR, answers: [{ type: TYPE.PTR, data: fullName }], ttl: TTL };
  }
  return networks.some(({ names }) => names.covers(address)) ? NO_NAME : undefined;
}

/** `_http._tcp.web` or `_80._tcp.web`: those of the name that have the port open. */
function lookUpService(sight: Sight, name: string, turn: number): Reply | undefined {
  const match = /^_([^.]+)\._(tcp|udp|sctp)\.(.+)$/.exec(name);
  const [, service = '', protocol = '', host = ''] = match ?? [];
  const found = match ? find(sight, host) : [];
  if (found.length === 0) return isAway(sight, name) ? NO_NAME : undefined;
  const port = /^\d+$/.test(service) ? Number(service) : sight.services.get(`${service}/${protocol}`);
  const open = rotate(found, turn).filter(
    ({ ports, fullName }) => fullName && ports.has(`${port}/${protocol}`),
  );
  if (open.length === 0 || port === undefined) return NO_NAME;
  const answers = open.flatMap(({ fullName }) => (fullName ? [serviceRecord(port, fullName)] : []));
  const additional = open.flatMap((named) =>
    addressesOf(named, TYPE.ANY).map((answer) => ({
      ...answer,
      ...(named.fullName ? { owner: named.fullName } : {}),
    })),
  );
  return { rcode: RCODE.NOERROR, answers, additional, ttl: TTL };
}

function serviceRecord(port: number, target: Buffer): Answer {
  // Priority and weight are the same for all.
  const head = Buffer.alloc(6);
  head.writeUInt16BE(port, 4);
  return { type: TYPE.SRV, data: Buffer.concat([head, target]) };
}
