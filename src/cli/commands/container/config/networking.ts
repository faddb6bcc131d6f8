import { invalid } from '#lib/errors';
import type { EndpointSettings } from '#protocol';
import { address, type NetworkFlag, parseMac } from '../../../flags/network.ts';
import type { CreateFlags } from './flags.ts';
import { some } from './resources.ts';

export interface Networking {
  /** The first network; undefined = the default one. */
  readonly mode: string | undefined;
  readonly endpoints: Readonly<Record<string, EndpointSettings>>;
  /** Links belong to the endpoint on a network of one's own, to the container on the default one. */
  readonly links: readonly string[];
}

const WITHOUT_ENDPOINT = /^(host|none|container:.*)$/;
const isDefault = (name: string) => name === '' || name === 'default' || name === 'bridge';

/** `--network` (first and further), `--ip`, `--network-alias` and the rest that shapes endpoints. @throws invalid */
export function networkingOf(flags: CreateFlags): Networking {
  const networks = [...flags.network, ...flags.net];
  const first = applySingleOptions(flags, networks[0]);
  const names = new Set<string>();
  for (const network of [...(first ? [first] : []), ...networks.slice(1)]) {
    if (names.has(network.target))
      throw invalid(`network ${JSON.stringify(network.target)} is specified multiple times`);
    if (names.size > 0 && WITHOUT_ENDPOINT.test(network.target)) {
      throw invalid(
        `conflicting options: cannot attach both user-defined and non-user-defined network-modes`,
      );
    }
    names.add(network.target);
  }
  const ownNetwork = first !== undefined && !isDefault(first.target) && !WITHOUT_ENDPOINT.test(first.target);
  const all = [...(first ? [first] : []), ...networks.slice(1)];
  const endpoints: Record<string, EndpointSettings> = {};
  for (const [position, network] of all.entries()) {
    const settings = endpointOf(network, position === 0 && ownNetwork ? flags.link : []);
    // Of one alone the mode says enough; of several all have to be named.
    if (all.length > 1 || Object.keys(settings).length > 0) endpoints[network.target || 'default'] = settings;
  }
  return { mode: networks[0]?.target, endpoints, links: ownNetwork ? [] : flags.link };
}

/** The older options speak of the first network. */
function applySingleOptions(flags: CreateFlags, network: NetworkFlag | undefined): NetworkFlag | undefined {
  const aliases = [...flags['network-alias'], ...flags['net-alias']];
  const said =
    aliases.length > 0 || flags.ip || flags.ip6 || flags['mac-address'] || flags['link-local-ip'].length > 0;
  if (!network && !said) return undefined;
  const base: NetworkFlag = network ?? {
    target: '',
    aliases: [],
    driverOpts: {},
    ip: '',
    ip6: '',
    mac: '',
    linkLocalIps: [],
    gatewayPriority: undefined,
  };
  const twice = (option: string) =>
    invalid(`conflicting options: cannot specify both --${option} and per-network ${option}`);
  if (aliases.length > 0 && base.aliases.length > 0) throw twice('network-alias');
  if (flags.ip && base.ip) throw twice('ip');
  if (flags.ip6 && base.ip6) throw twice('ip6');
  if (flags['mac-address'] && base.mac) throw twice('mac-address');
  return {
    ...base,
    aliases: [...base.aliases, ...aliases],
    ip: flags.ip ? address(flags.ip) : base.ip,
    ip6: flags.ip6 ? address(flags.ip6) : base.ip6,
    mac: flags['mac-address'] ? parseMac(flags['mac-address']) : base.mac,
    linkLocalIps: [...base.linkLocalIps, ...flags['link-local-ip']],
  };
}

/** Also what `network connect` sends. */
export function endpointOf(network: NetworkFlag, links: readonly string[]): EndpointSettings {
  const ipam = {
    ...(network.ip && { IPv4Address: network.ip }),
    ...(network.ip6 && { IPv6Address: network.ip6 }),
    ...(network.linkLocalIps.length > 0 && { LinkLocalIPs: network.linkLocalIps }),
  };
  const aliases = some(network.aliases);
  const endpointLinks = some(links);
  return {
    ...(aliases && { Aliases: aliases }),
    ...(endpointLinks && { Links: endpointLinks }),
    ...(network.mac && { MacAddress: network.mac }),
    ...(Object.keys(network.driverOpts).length > 0 && { DriverOpts: network.driverOpts }),
    ...(network.gatewayPriority !== undefined && { GwPriority: network.gatewayPriority }),
    ...(Object.keys(ipam).length > 0 && { IPAMConfig: ipam }),
  };
}
