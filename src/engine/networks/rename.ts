import { dnsNames } from './endpoint.ts';
import { publishNames } from './names.ts';
import type { NetworksState } from './state.ts';

/** A container has another name now: its endpoints go by it. One without a sandbox is fine. */
export async function rename(state: NetworksState, containerId: string, name: string): Promise<void> {
  using _lock = await state.locks.acquire(containerId);
  const record = state.sandboxes.get(containerId);
  if (!record) return;
  const renamed = { ...record, containerName: name };
  const endpoints = record.endpoints.map((endpoint) => ({
    ...endpoint,
    dnsNames: dnsNames(renamed, endpoint.aliases),
  }));
  state.sandboxes.save({ ...renamed, endpoints });
  await publishNames(state, { ...renamed, endpoints });
}
