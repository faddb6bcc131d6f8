import { rm } from 'node:fs/promises';
import type { Scope } from '#lib/scope';
import { unmount } from '#linux/mount';
import { release } from './detach.ts';
import { discard } from './ready-sandbox.ts';
import { destroyBridge } from './remove.ts';
import { defaultNetwork, type NetworksState } from './state.ts';

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
  const bridge = defaultNetwork(state)?.bridge;
  for (const ready of await state.pool.close()) {
    if (bridge) await discard(state, bridge, ready);
  }
  if (options.teardown) {
    for (const record of state.sandboxes.values().toArray()) await release(state, record);
    for (const { record } of state.networks.values()) {
      if (record.bridge) await destroyBridge(state, record.bridge);
    }
    await unmount(state.options.netnsRoot);
    await rm(state.options.netnsRoot, { recursive: true, force: true });
  }
  state.firewall.close(options);
}
