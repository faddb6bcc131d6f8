import { conflict, invalid, isKind } from '#lib/errors';
import type { Context } from './context.ts';
import type { ContainerRecord, EndpointSpec, HostConfig } from './record.ts';
import { hasProcess } from './state.ts';
import { joined } from './validate-network.ts';

/** `name[:alias]`, with Docker's slash or without. @throws invalid */
export function parseLink(text: string): { container: string; alias: string } {
  const [name = '', alias = name, ...rest] = text.split(':');
  if (name === '' || alias === '' || rest.length > 0) throw invalid(`bad format for links: ${text}`);
  const last = (path: string) => path.slice(path.lastIndexOf('/') + 1);
  return { container: last(name), alias: last(alias) };
}

/** Links of the default network: who is named must be there, and have a network of its own. @throws invalid */
export function checkLinks(context: Context, { links, networkMode }: HostConfig): void {
  for (const text of links) {
    const { container, alias } = parseLink(text);
    if (networkMode !== 'bridge' && networkMode !== 'default') continue;
    const linked = find(context, container, alias);
    if (linked.hostConfig.networkMode === 'host' || joined(linked.hostConfig.networkMode) !== undefined) {
      throw invalid(
        "conflicting options: host type networking can't be used with links. This would result in undefined behavior",
      );
    }
  }
}

function find(context: Context, container: string, alias: string): ContainerRecord {
  try {
    return context.store.get(container);
  } catch (error) {
    if (!isKind(error, 'not-found')) throw error;
    throw invalid(`could not get container for ${container}: No such container: ${container} (${alias})`);
  }
}

/**
 * What a container asks of its networks, with the links of the default one: names that it alone knows another
 * container by, wherever that one is by then.
 * @throws conflict when a linked container does not run
 */
export function linkedEndpoints(
  context: Context,
  { name, endpoints, hostConfig }: ContainerRecord,
): EndpointSpec[] {
  return endpoints.map((endpoint) => {
    if (endpoint.network !== 'bridge' || hostConfig.links.length === 0) return endpoint;
    const links = hostConfig.links.map((text) => {
      const { container, alias } = parseLink(text);
      const linked = find(context, container, alias);
      if (!hasProcess(linked.state)) {
        throw conflict(`Cannot link to a non running container: /${linked.name} AS /${name}/${alias}`);
      }
      return `${linked.name}:${alias}`;
    });
    return { ...endpoint, links: [...(endpoint.links ?? []), ...links] };
  });
}
