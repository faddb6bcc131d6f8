import { rm } from 'node:fs/promises';
import type { Scope } from '#lib/scope';
import { unmount } from '#linux/mount';
import { release } from './detach.ts';
import { destroyNetwork, quietBridge } from './drivers/index.ts';
import { removeNamespace } from './netns.ts';
import type { NetworkRecord } from './record.ts';
import type { NetworksState } from './state.ts';

/**
 * So long bridges are deleted at the end, each in some 40 ms of the kernel: enough for what people have. Where there are
 * more, the rest stay as links without address or route, and the next life of the engine takes them up. Milliseconds.
 */
const DELETING_MS = 2_000;

/**
 * Lets go of everything. Sandboxes of containers, bridges and the firewall's table stay for the next
 * life of the engine; with `teardown` they go too, and nothing of this instance is left.
 */
export async function close(
  state: NetworksState,
  resources: Scope,
  options: { teardown: boolean },
): Promise<void> {
  await using _resources = resources;
  await state.leaving.close(options.teardown ? DELETING_MS : 0);
  for (const ready of await state.pool.close()) await removeNamespace(state, ready);
  if (options.teardown) {
    for (const record of state.sandboxes.values().toArray()) await release(state, record);
    await dismantle(state);
    await unmount(state.options.netnsRoot);
    await rm(state.options.netnsRoot, { recursive: true, force: true });
    await rm(state.options.dnsRoot, { recursive: true, force: true });
  }
  await state.firewall.close(options);
}

async function dismantle(state: NetworksState): Promise<void> {
  const deadline = performance.now() + DELETING_MS;
  const staying: NetworkRecord[] = [];
  for (const network of state.networks.values().toArray()) {
    // First: whoever watches over interfaces must not make it again.
    state.networks.delete(network);
    const { record } = network;
    if (record.bridge && performance.now() > deadline) staying.push(record);
    else await destroyNetwork(state, record);
  }
  await Promise.all(staying.map((record) => quietBridge(state, record)));
}
