import type { Namespace } from '#oci/runtime-spec';
import type { HostConfig } from './record.ts';
import { joined } from './validate-network.ts';

/** Namespaces of other containers that this one joins, as paths below /proc. */
export interface JoinedNamespaces {
  readonly pid: string | undefined;
  readonly ipc: string | undefined;
}

/** The namespaces a container gets for itself, joins, or (absent from the list) shares with the host. */
export function specNamespaces(
  host: Pick<HostConfig, 'pidMode' | 'ipcMode' | 'utsMode' | 'cgroupnsMode'>,
  netns: string | undefined,
  joins: JoinedNamespaces,
  userns: string | undefined,
): Namespace[] {
  const list: Namespace[] = [{ type: 'mount' }];
  if (userns !== undefined) list.push({ type: 'user', path: userns });
  if (netns !== undefined) list.push({ type: 'network', path: netns });
  if (joined(host.pidMode) !== undefined) list.push({ type: 'pid', path: joins.pid });
  else if (host.pidMode !== 'host') list.push({ type: 'pid' });
  if (joined(host.ipcMode) !== undefined) list.push({ type: 'ipc', path: joins.ipc });
  else if (host.ipcMode !== 'host') list.push({ type: 'ipc' });
  if (host.utsMode !== 'host') list.push({ type: 'uts' });
  if (host.cgroupnsMode !== 'host') list.push({ type: 'cgroup' });
  return list;
}
