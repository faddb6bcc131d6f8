import { publishNames } from './names.ts';
import type { NetworksState } from './state.ts';

/** Whom a running container knows by which aliases on one of its networks, from now on. One that is not on it is fine. */
export async function setLinks(
  state: NetworksState,
  containerId: string,
  networkName: string,
  links: readonly string[],
): Promise<void> {
  using _lock = await state.locks.acquire(containerId);
  const record = state.sandboxes.get(containerId);
  if (!record?.endpoints.some((endpoint) => endpoint.networkName === networkName)) return;
  const endpoints = record.endpoints.map((endpoint) =>
    endpoint.networkName === networkName ? { ...endpoint, links } : endpoint,
  );
  const changed = { ...record, endpoints };
  state.sandboxes.save(changed);
  await publishNames(state, changed);
}
