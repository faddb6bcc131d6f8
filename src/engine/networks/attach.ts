import { conflict, invalid, notFound } from '#lib/errors';
import { newId } from '#lib/ids';
import { Scope } from '#lib/scope';
import { attachToBridge } from './attach-bridge.ts';
import { shareFiles, writeContainerFiles, writeHostFiles } from './container-files.ts';
import { release } from './detach.ts';
import { announce, endpointOf, findSandbox, sandboxOf } from './endpoint.ts';
import { findNetwork } from './find.ts';
import { applySysctls, buildIsolated, netnsPath } from './netns.ts';
import type { NetworkRecord, SandboxRecord } from './record.ts';
import type { AttachOptions, Sandbox } from './sandbox.ts';
import { defaultNetwork, type NetworksState } from './state.ts';

/**
 * Gives a container its network: namespace, addresses, published ports and the three files. All or
 * nothing; what is recorded at the end is what a later `recover` finds again.
 * @throws notFound (network, container to join), conflict, invalid, system (port in use)
 */
export async function attach(state: NetworksState, options: AttachOptions): Promise<Sandbox> {
  using _lock = await state.locks.acquire(options.containerId);
  const stale = state.sandboxes.get(options.containerId);
  if (stale) await release(state, stale);
  await using scope = new Scope();
  const record = await place(state, options, scope);
  state.options.database.transaction(() => {
    state.sandboxRecords.put(options.containerId, record);
    announce(state, 'connect', record);
  });
  state.sandboxes.set(options.containerId, record);
  scope.keep();
  return sandboxOf(state, record);
}

async function place(state: NetworksState, options: AttachOptions, scope: Scope): Promise<SandboxRecord> {
  const joined = options.join ?? /^container:(.+)$/.exec(options.mode)?.[1];
  if (joined !== undefined) return join(state, options, joined);
  const withoutDefault = options.mode === 'default' && !defaultNetwork(state);
  const mode = withoutDefault ? 'none' : options.mode === 'default' ? 'bridge' : options.mode;
  const { record, bridge } = findNetwork(state, mode);
  if (bridge) return await attachToBridge(state, options, { record, bridge }, scope);
  return await alone(state, options, record, scope);
}

function join(state: NetworksState, options: AttachOptions, containerId: string): SandboxRecord {
  const target = state.sandboxes.get(containerId);
  if (containerId === options.containerId) throw invalid('cannot join own network');
  if (!target) throw conflict(`cannot join network of a non running container: ${containerId}`);
  const joins = target.joins ?? target.sandboxId;
  const owner = findSandbox(state, joins);
  if (!owner) throw notFound(`No such container: ${containerId}`);
  shareFiles(target.directory, options.directory);
  return {
    sandboxId: joins,
    containerId: options.containerId,
    containerName: options.name,
    mode: 'container',
    joins,
    endpoints: [],
    ports: [],
    directory: options.directory,
  };
}

/** `none` and `host`: an endpoint by name only. */
async function alone(
  state: NetworksState,
  options: AttachOptions,
  network: NetworkRecord,
  scope: Scope,
): Promise<SandboxRecord> {
  const sandboxId = newId();
  const endpoint = endpointOf(options, network, sandboxId, { address: '', prefix: 0, gateway: '', mac: '' });
  const record = { sandboxId, containerId: options.containerId, containerName: options.name };
  const rest = { endpoints: [endpoint], ports: [], directory: options.directory };
  if (network.driver === 'host') {
    if (Object.keys(options.sysctls).length > 0) {
      throw invalid(`sysctl "${Object.keys(options.sysctls)[0]}" is not allowed: host network`);
    }
    writeHostFiles(state, options);
    return { ...record, mode: 'host', ...rest };
  }
  const netns = netnsPath(state.options.netnsRoot, sandboxId);
  await buildIsolated(state.worker, netns, { ipv6: state.ipv6, makeNetns: options.makeNetns });
  scope.defer(() => state.worker.removeNetns(netns));
  await applySysctls(state.worker, netns, options.sysctls);
  writeContainerFiles(state, options, endpoint);
  return { ...record, mode: 'none', netns, ...rest };
}
