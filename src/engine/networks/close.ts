import { rm } from 'node:fs/promises';
import type { Scope } from '#lib/scope';
import { unmount } from '#linux/mount';
import { release } from './detach.ts';
import { destroyNetwork } from './drivers/index.ts';
import { removeNamespace } from './netns.ts';
import type { NetworksState } from './state.ts';

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
  for (const ready of await state.pool.close()) await removeNamespace(state, ready);
  if (options.teardown) {
    for (const record of state.sandboxes.values().toArray()) await release(state, record);
    for (const network of state.networks.values().toArray()) {
      // First: whoever watches over interfaces must not make it again.
      state.networks.delete(network);
      await destroyNetwork(state, network.record);
    }
    await unmount(state.options.netnsRoot);
    await rm(state.options.netnsRoot, { recursive: true, force: true });
    await rm(state.options.dnsRoot, { recursive: true, force: true });
  }
  await state.firewall.close(options);
}
