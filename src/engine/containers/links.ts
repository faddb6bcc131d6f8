import type { AttachOptions } from '#engine/networks';
import { conflict, invalid, isKind, messageOf, notFound } from '#lib/errors';
import { type Context, lockContainer } from './context.ts';
import type { ContainerRecord, EndpointSpec, HostConfig } from './record.ts';
import { hasProcess } from './state.ts';
import { joined, LINKS_AND_HOST, parseLink } from './validate-network.ts';

/** A legacy `--link`: the container knows another one of the default network by an alias. */
export interface ContainerLink {
  readonly id: string;
  readonly alias: string;
}

const DEFAULT_NETWORK = 'bridge';

/** The containers that a new one is linked to. On networks of users links belong to the endpoints. @throws invalid */
export function resolveLinks({ store }: Context, host: HostConfig): ContainerLink[] {
  if (host.links.length === 0 || !['', 'default', DEFAULT_NETWORK].includes(host.networkMode)) return [];
  return host.links.map((text) => {
    const { name, alias } = parseLink(text);
    const target = networkOwner(store, name);
    if (target.hostConfig.networkMode === 'host') throw invalid(LINKS_AND_HOST);
    return { id: target.id, alias };
  });
}

/** Whose network it is that the container is in. Not "not found": to a client that would be the image. */
function networkOwner(store: Context['store'], name: string): ContainerRecord {
  try {
    let record = store.get(name);
    for (let next = joined(record.hostConfig.networkMode); next !== undefined; ) {
      record = store.get(next);
      next = joined(record.hostConfig.networkMode);
    }
    return record;
  } catch (error) {
    if (!isKind(error, 'not-found')) throw error;
    throw invalid(`could not get container for ${name}: ${messageOf(error)}`, error);
  }
}

interface LinkedContainer {
  readonly alias: string;
  readonly record: ContainerRecord;
  readonly address: string;
}

/** @throws conflict when one of them does not run, invalid when it has left the default network */
function linkedContainers({ store, options }: Context, parent: ContainerRecord): LinkedContainer[] {
  return (parent.links ?? []).flatMap(({ id, alias }) => {
    const record = store.byId(id);
    if (!record) return [];
    if (!hasProcess(record.state)) {
      throw conflict(`Cannot link to a non running container: /${record.name} AS /${parent.name}/${alias}`);
    }
    const endpoints = options.networks.sandbox(id)?.endpoints ?? [];
    const address = endpoints.find(({ networkName }) => networkName === DEFAULT_NETWORK)?.address;
    if (!address)
      throw invalid(`Cannot link to /${record.name}, as it does not belong to the default network`);
    return [{ alias, record, address }];
  });
}

/** What it asks of its networks: on the default one it alone knows the others by their aliases. @throws as above */
export function linkedEndpoints(context: Context, parent: ContainerRecord): EndpointSpec[] {
  const links = linkedContainers(context, parent).map(({ alias, record }) => `${record.id}:${alias}`);
  return parent.endpoints.map((endpoint) =>
    endpoint.network === DEFAULT_NETWORK && links.length > 0
      ? { ...endpoint, links: [...(endpoint.links ?? []), ...links] }
      : endpoint,
  );
}

type HostEntries = NonNullable<AttachOptions['linkedHosts']>;

/** Lines for the hosts file: alias, hostname and name of each. @throws as above */
export const linkedHosts = (context: Context, parent: ContainerRecord): HostEntries =>
  linkedContainers(context, parent).map(({ alias, record, address }) => ({
    address,
    names: hostNames(alias, record),
  }));

const hostNames = (alias: string, { config, name }: ContainerRecord): string[] => [
  ...new Set([alias, config.hostname, name]),
];

/** Variables that tell a program where the others are, as Docker has always named them. @throws as above */
export const linkedEnvironment = (context: Context, parent: ContainerRecord): string[] =>
  linkedContainers(context, parent).flatMap((child) => linkVariables(parent.name, child));

/** The same of a container that runs: what it is linked to may have ended meanwhile, which is no reason to refuse it anything. */
export function liveLinkedEnvironment(context: Context, parent: ContainerRecord): string[] {
  try {
    return linkedEnvironment(context, parent);
  } catch (error) {
    if (isKind(error, 'conflict') || isKind(error, 'invalid')) return [];
    throw error;
  }
}

/** `DB_PORT=tcp://172.17.0.2:5432` and so on. Pure. */
export function linkVariables(parentName: string, { alias, record, address }: LinkedContainer): string[] {
  const prefix = alias.toUpperCase().replaceAll('-', '_');
  const ports = record.config.exposedPorts.map(readPort).sort(lowestFirst);
  const [first] = ports;
  const url = ({ number, protocol }: ExposedPort) => `${protocol}://${address}:${number}`;
  return [
    ...(first ? [`${prefix}_PORT=${url(first)}`] : []),
    ...ports.flatMap((port) => {
      const name = `${prefix}_PORT_${port.number}_${port.protocol.toUpperCase()}`;
      return [
        `${name}=${url(port)}`,
        `${name}_ADDR=${address}`,
        `${name}_PORT=${port.number}`,
        `${name}_PROTO=${port.protocol}`,
      ];
    }),
    `${prefix}_NAME=/${parentName}/${alias}`,
    ...record.config.env
      .filter((variable) => variable.includes('=') && !/^(?:HOME|PATH)=/.test(variable))
      .map((variable) => `${prefix}_ENV_${variable}`),
  ];
}

interface ExposedPort {
  readonly number: number;
  readonly protocol: string;
}

function readPort(text: string): ExposedPort {
  const [number = '', protocol = 'tcp'] = text.split('/', 2);
  return { number: Number(number), protocol };
}

const lowestFirst = (a: ExposedPort, b: ExposedPort): number =>
  a.number - b.number || Number(b.protocol === 'tcp') - Number(a.protocol === 'tcp');

/** It has an address, maybe a new one: those that are linked to it find it there. */
export async function tellParents({ store, options }: Context, child: ContainerRecord): Promise<void> {
  const endpoints = options.networks.sandbox(child.id)?.endpoints ?? [];
  const address = endpoints.find(({ networkName }) => networkName === DEFAULT_NETWORK)?.address;
  if (!address) return;
  for (const parent of store.all()) {
    if (!hasProcess(parent.state)) continue;
    for (const { id, alias } of parent.links ?? []) {
      if (id === child.id)
        await options.networks.setHost(parent.id, { address, names: hostNames(alias, child) });
    }
  }
}

/** `/db:/web/alias`, as inspect tells them. */
export const linkTexts = ({ store }: Context, parent: ContainerRecord): string[] =>
  (parent.links ?? []).flatMap(({ id, alias }) => {
    const child = store.byId(id);
    return child ? [`/${child.name}:/${parent.name}/${alias}`] : [];
  });

/** The further names that containers have by links to them: id -> `/web/alias`. */
export function linkNames({ store }: Context): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const parent of store.all()) {
    for (const { id, alias } of parent.links ?? []) {
      names.set(id, [...(names.get(id) ?? []), `/${parent.name}/${alias}`]);
    }
  }
  return names;
}

/** Takes back the link `web/alias`; the containers stay. @throws notFound, conflict for what is a container itself */
export async function removeLink(context: Context, name: string): Promise<void> {
  const [, parentName, alias] = /^\/?([^/]+)\/([^/]+)$/.exec(name) ?? [];
  if (parentName === undefined || alias === undefined) {
    context.store.get(name);
    throw conflict('Conflict, cannot remove the default link name of the container');
  }
  using locked = await lockContainer(context, parentName);
  const { record } = locked;
  const links = (record.links ?? []).filter((link) => link.alias !== alias);
  if (links.length === (record.links ?? []).length) throw notFound(`No such link: /${parentName}/${alias}`);
  context.store.save({ ...record, links });
  const left = links.map(({ id, alias: name }) => `${id}:${name}`);
  await context.options.networks.setLinks(record.id, DEFAULT_NETWORK, left);
}

/**
 * A container has another name: links to it on networks of users, which go by name so that one that is made anew
 * under it is found, lead to the new one.
 */
export async function followRename(context: Context, change: { from: string; to: string }): Promise<void> {
  const { store, options } = context;
  const parents = store
    .all()
    .filter(({ endpoints }) => endpoints.some((each) => renamed(each, change) !== each));
  for (const { id } of parents) {
    using _lock = await context.locks.acquire(id);
    const record = store.byId(id);
    if (!record) continue;
    const endpoints = record.endpoints.map((endpoint) => renamed(endpoint, change));
    store.save({ ...record, endpoints });
    for (const [index, { network, links = [] }] of endpoints.entries()) {
      if (endpoints[index] !== record.endpoints[index]) await options.networks.setLinks(id, network, links);
    }
  }
}

/** The endpoint itself when none of its links is concerned. */
function renamed(endpoint: EndpointSpec, { from, to }: { from: string; to: string }): EndpointSpec {
  const links = endpoint.links ?? [];
  const changed = links.map((link) => {
    const { name, alias } = parseLink(link);
    return name.replace(/^\//, '') === from ? `${to}:${alias}` : link;
  });
  return changed.every((link, index) => link === links[index]) ? endpoint : { ...endpoint, links: changed };
}
