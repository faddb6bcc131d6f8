import { newId } from '#lib/ids';
import { Scope } from '#lib/scope';
import type { BridgeNetwork } from './bridge-network.ts';
import { buildOnBridge, netnsPath, vethName } from './netns.ts';
import type { NetworkRecord } from './record.ts';
import type { Lease, MakeNetns } from './sandbox.ts';
import type { NetworksState } from './state.ts';

/** A namespace on a bridge network, complete, that waits for its container. */
export interface ReadySandbox {
  readonly sandboxId: string;
  readonly netns: string;
  readonly veth: string;
  readonly lease: Lease;
}

/** A namespace on a bridge network that nobody has yet: on demand, or ahead for the pool. */
export async function buildSandbox(
  state: Pick<NetworksState, 'worker' | 'options'>,
  network: { record: NetworkRecord; bridge: BridgeNetwork },
  asked: { address?: string; address6?: string; mac?: string } = {},
  makeNetns?: MakeNetns,
): Promise<ReadySandbox> {
  await using scope = new Scope();
  const { bridge } = network;
  const lease = bridge.lease(asked);
  scope.defer(() => bridge.release(lease));
  const sandboxId = newId();
  const netns = netnsPath(state.options.netnsRoot, sandboxId);
  const veth = vethName(sandboxId);
  const { internal } = network.record;
  await buildOnBridge(state.worker, { path: netns, veth, bridge: bridge.bridge, lease, internal, makeNetns });
  scope.keep();
  return { sandboxId, netns, veth, lease };
}

/** The kernel ends the namespace and the veth pair in the background. */
export async function discard(
  state: Pick<NetworksState, 'worker'>,
  bridge: BridgeNetwork,
  sandbox: ReadySandbox,
): Promise<void> {
  await state.worker.removeNetns(sandbox.netns);
  bridge.release(sandbox.lease);
}
