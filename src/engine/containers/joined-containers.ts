import { hostname as hostHostname } from 'node:os';
import { conflict } from '#lib/errors';
import type { Context } from './context.ts';
import type { ContainerRecord, HostConfig } from './record.ts';
import type { JoinedNamespaces } from './spec-namespaces.ts';
import { hasProcess } from './state.ts';
import { joined } from './validate-network.ts';

/** Namespaces that a container can take from another. */
const MODES = { network: 'networkMode', pid: 'pidMode', ipc: 'ipcMode' } as const;
export type JoinKind = keyof typeof MODES;
export const JOIN_KINDS: readonly JoinKind[] = ['network', 'pid', 'ipc'];

/** The container that `container:x` names, if the mode names one. @throws notFound */
export function donor(
  context: Context,
  host: Pick<HostConfig, 'networkMode' | 'pidMode' | 'ipcMode'>,
  kind: JoinKind,
): ContainerRecord | undefined {
  const reference = joined(host[MODES[kind]]);
  return reference === undefined ? undefined : context.store.get(reference);
}

/**
 * The same, when it has to have a process by now.
 * @throws notFound, conflict
 */
export function runningDonor(
  context: Context,
  record: ContainerRecord,
  kind: JoinKind,
): ContainerRecord | undefined {
  const found = donor(context, record.hostConfig, kind);
  if (!found) return undefined;
  const what = kind === 'network' ? 'network' : `${kind.toUpperCase()} namespace`;
  if (found.id === record.id) throw conflict(`cannot join own ${what}`);
  if (found.state.status === 'restarting') {
    throw conflict(`Container ${found.id} is restarting, wait until the container is running`);
  }
  if (!hasProcess(found.state)) throw conflict(`cannot join ${what} of a non running container: ${found.id}`);
  if (kind === 'ipc' && found.hostConfig.ipcMode !== 'shareable') {
    throw conflict(
      `can't join IPC of container ${found.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
    );
  }
  return found;
}

/** With another container's network comes its name; with the host's UTS namespace the host's. @throws notFound */
export function hostnameOf(context: Context, { config, hostConfig }: ContainerRecord): string {
  if (hostConfig.utsMode === 'host') return hostHostname();
  return donor(context, hostConfig, 'network')?.config.hostname ?? config.hostname;
}

/** @throws notFound, conflict */
export function joinedNamespaces(context: Context, record: ContainerRecord): JoinedNamespaces {
  const path = (kind: 'pid' | 'ipc') => {
    const pid = runningDonor(context, record, kind)?.state.process?.pid;
    return pid === undefined ? undefined : `/proc/${pid}/ns/${kind}`;
  };
  return { pid: path('pid'), ipc: path('ipc') };
}

/** Containers that have to run before this one can start. */
export const donorsOf = (context: Context, record: ContainerRecord): string[] => [
  ...(record.links ?? []).map(({ id }) => id),
  ...JOIN_KINDS.flatMap((kind) => {
    try {
      return donor(context, record.hostConfig, kind)?.id ?? [];
    } catch {
      // Removed meanwhile: the start will say so.
      return [];
    }
  }),
];
