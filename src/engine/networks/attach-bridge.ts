import type { PortBinding } from '#engine/ports';
import type { Scope } from '#lib/scope';
import type { BridgeNetwork } from './bridge-network.ts';
import { writeContainerFiles } from './container-files.ts';
import { addressesOf, endpointOf } from './endpoint.ts';
import { applySysctls } from './netns.ts';
import { buildSandbox, discard, type ReadySandbox } from './ready-sandbox.ts';
import type { NetworkRecord, SandboxRecord } from './record.ts';
import type { AttachOptions } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/** A container on a bridge network: a sandbox from the pool, or one made on demand when it asks for something special. */
export async function attachToBridge(
  state: NetworksState,
  options: AttachOptions,
  network: { record: NetworkRecord; bridge: BridgeNetwork },
  scope: Scope,
): Promise<SandboxRecord> {
  const ready = await takeOrBuild(state, options, network);
  const { sandboxId, netns, veth, lease } = ready;
  scope.defer(() => discard(state, network.bridge, ready));
  const endpoint = endpointOf(options, network.record, sandboxId, lease);
  await applySysctls(state.worker, netns, options.sysctls);
  writeContainerFiles(state, options, endpoint);
  const { containerId, name: containerName, directory } = options;
  const target = { containerId, containerName, endpointId: endpoint.endpointId, ...addressesOf(endpoint) };
  const ports = state.ports.publish(target, network.record.internal ? [] : bindingsOf(options));
  scope.defer(() => void state.ports.unpublish(containerId));
  return {
    sandboxId,
    containerId,
    containerName,
    mode: 'bridge',
    netns,
    veth,
    endpoints: [endpoint],
    ports,
    directory,
  };
}

async function takeOrBuild(
  state: NetworksState,
  options: AttachOptions,
  network: { record: NetworkRecord; bridge: BridgeNetwork },
): Promise<ReadySandbox> {
  const { mac, address, address6, makeNetns } = options;
  const plain = [mac, address, address6, makeNetns].every((special) => special === undefined);
  const ready = plain && network.record.name === 'bridge' ? await state.pool.take() : undefined;
  if (ready) return ready;
  const asked = {
    ...(mac === undefined ? {} : { mac }),
    ...(address === undefined ? {} : { address }),
    ...(address6 === undefined ? {} : { address6 }),
  };
  return await buildSandbox(state, network, asked, makeNetns);
}

/** The asked ones, and with -P an ephemeral port for each exposed one that has none. */
function bindingsOf(options: AttachOptions): PortBinding[] {
  const bound = new Set(options.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  const rest = options.publishAll.filter(
    ({ containerPort, protocol }) => !bound.has(`${containerPort}/${protocol}`),
  );
  return [...options.ports, ...rest.map((port) => ({ ...port, hostIp: '', hostPort: 0 }))];
}
