import { newId, shortId } from '#lib/ids';
import type { NetworkRecord, SandboxRecord } from './record.ts';
import type { AttachOptions, Endpoint, Sandbox } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/** A new endpoint of a container on a network. */
export function endpointOf(
  options: AttachOptions,
  network: NetworkRecord,
  sandboxId: string,
  lease: Pick<Endpoint, 'address' | 'prefix' | 'gateway' | 'mac' | 'address6' | 'prefix6' | 'gateway6'>,
): Endpoint {
  const aliases = options.aliases ?? [];
  return {
    networkId: network.id,
    networkName: network.name,
    endpointId: newId(),
    sandboxId,
    ...lease,
    gateway: network.internal ? '' : lease.gateway,
    aliases,
    dnsNames: [...new Set([options.name, ...aliases, shortId(options.containerId), options.hostname])].filter(
      Boolean,
    ),
  };
}

export const addressesOf = ({ address, address6 }: Endpoint): { address: string; address6?: string } => ({
  address,
  ...(address6 === undefined ? {} : { address6 }),
});

export const findSandbox = (state: NetworksState, sandboxId: string): SandboxRecord | undefined =>
  state.sandboxes.values().find((record) => record.sandboxId === sandboxId && record.mode !== 'container');

/** A container that joined another's namespace shows that one's file, but no endpoints and ports of its own. */
export function sandboxOf(state: NetworksState, record: SandboxRecord): Sandbox {
  const owner = record.joins === undefined ? undefined : findSandbox(state, record.joins);
  return {
    id: record.sandboxId,
    netns: record.netns ?? owner?.netns,
    endpoints: record.endpoints,
    ports: record.ports,
  };
}

/** Publishes the network event of a sandbox; a container that joined another's is on no network itself. */
export function announce(
  state: NetworksState,
  action: 'connect' | 'disconnect',
  record: SandboxRecord,
): void {
  if (record.mode === 'container') return;
  for (const { networkId, networkName } of record.endpoints) {
    const type = state.networks.get(networkId)?.record.driver ?? 'bridge';
    state.options.events.publish('network', action, networkId, {
      container: record.containerId,
      name: networkName,
      type,
    });
  }
}
