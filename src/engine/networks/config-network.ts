import { forbidden, notFound } from '#lib/errors';
import type { CreateNetworkOptions } from './network.ts';
import type { NetworkRecord, PoolRecord } from './record.ts';
import type { NetworksState } from './state.ts';

/**
 * A network that is nothing but settings for others. Nothing is checked and nothing taken before one is made
 * from it.
 * @throws forbidden
 */
export function settingsOf(
  identity: Pick<NetworkRecord, 'id' | 'created'>,
  options: CreateNetworkOptions,
): NetworkRecord {
  if (options.configFrom) {
    throw forbidden('a configuration network cannot depend on another configuration network');
  }
  if (options.internal || options.attachable || (options.scope && options.scope !== 'local')) {
    throw forbidden(
      'configuration network can only contain network specific fields. Network operator fields like [ ingress | internal | attachable | scope ] are not supported.',
    );
  }
  return {
    ...identity,
    name: options.name,
    driver: 'null',
    scope: 'local',
    internal: false,
    attachable: false,
    ipv4: options.ipv4 ?? true,
    ipv6: options.ipv6 ?? false,
    labels: options.labels,
    options: options.options,
    ipamDriver: options.ipam?.driver || 'default',
    ...(options.ipam?.options === undefined ? {} : { ipamOptions: options.ipam.options }),
    pools: (options.ipam?.pools ?? []).map(
      (pool): PoolRecord => ({ ...pool, subnet: pool.subnet ?? '', configured: true }),
    ),
    configOnly: true,
    configFrom: '',
  };
}

/** The request with the settings that it takes from another network. @throws forbidden, notFound */
export function withConfigFrom(
  state: Pick<NetworksState, 'networks'>,
  options: CreateNetworkOptions,
): CreateNetworkOptions {
  if (!options.configFrom) return options;
  const source = configNetwork(state, options.configFrom);
  const { ipam = {}, labels, ipv6 } = options;
  if (
    (ipam.pools ?? []).length + Object.keys(ipam.options ?? {}).length + Object.keys(labels).length > 0 ||
    ipv6
  ) {
    throw forbidden(
      'user specified configurations are not supported if the network depends on a configuration network',
    );
  }
  if (Object.keys(options.options).length > 0) {
    throw forbidden(
      'network driver options are not supported if the network depends on a configuration network',
    );
  }
  return {
    ...options,
    configFrom: source.name,
    ipv4: source.ipv4,
    ipv6: source.ipv6,
    labels: source.labels,
    options: source.options,
    ipam: {
      driver: source.ipamDriver,
      ...(source.ipamOptions === undefined ? {} : { options: source.ipamOptions }),
      pools: source.pools,
    },
  };
}

function configNetwork({ networks }: Pick<NetworksState, 'networks'>, reference: string): NetworkRecord {
  const found = networks.named(reference) ?? networks.get(reference);
  if (!found?.record.configOnly) throw notFound(`configuration network "${reference}" does not exist`);
  return found.record;
}

/** Networks that took their settings from this one. */
export const hasDependants = (
  { networks }: Pick<NetworksState, 'networks'>,
  { name, configOnly }: NetworkRecord,
): boolean => configOnly && networks.values().some(({ record }) => record.configFrom === name);
