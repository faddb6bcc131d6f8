import type { AttachOptions } from '#engine/networks';
import type { IdReservation } from '#engine/userns';
import { conflict, isKind } from '#lib/errors';
import { type IdMap, idMapKey, type Owner, rootOf } from '#linux/ids';
import { bindNamespace, createNetworkIn, createUserNamespace } from '#linux/namespaces';
import type { Context } from './context.ts';
import { donor, JOIN_KINDS, type JoinKind, runningDonor } from './joined-containers.ts';
import type { ContainerRecord, HostConfig } from './record.ts';

/**
 * The ids that a new container runs with. Who joins namespaces of another runs in its user namespace, which they
 * belong to.
 * @throws conflict when that has other users, invalid when there are no ids left
 */
export function chooseIds(context: Context, host: HostConfig): IdReservation {
  const { userns } = context.options;
  const joined = JOIN_KINDS.map((kind) => existingDonor(context, host, kind)).find(
    (one) => one !== undefined,
  );
  if (!joined || host.usernsMode === 'host') {
    const taken = () => context.store.all().flatMap(({ idMap }) => idMap ?? []);
    return userns.reserve(host.usernsMode, taken);
  }
  if (!joined.idMap && (userns.remap || host.usernsMode !== '')) throw otherUsers(joined);
  return { idMap: joined.idMap, [Symbol.dispose]: () => {} };
}

/** One that is not there may come until the start. */
function existingDonor(context: Context, host: HostConfig, kind: JoinKind): ContainerRecord | undefined {
  try {
    return donor(context, host, kind);
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined;
    throw error;
  }
}

const otherUsers = ({ id }: ContainerRecord) =>
  conflict(
    `cannot join namespaces of container ${id}: it has another user namespace (give both the same --userns)`,
  );

/** The user namespace of a container that is being started. */
export interface RunUserNamespace {
  readonly idMap: IdMap;
  /** Of the container, as the host numbers it. */
  readonly root: Owner;
  /** A descriptor for mounts: owners show as the container's. */
  readonly mapping: number;
  /** For `networks.attach`: the container's root rules in its network. */
  readonly makeNetns: NonNullable<AttachOptions['makeNetns']>;
  /** Where the runtime finds it, once the network is attached. */
  readonly path: () => string;
}

/** @throws conflict, notFound, system */
export async function runUserNamespace(
  context: Context,
  record: ContainerRecord,
): Promise<RunUserNamespace | undefined> {
  const { idMap } = record;
  if (!idMap) return undefined;
  const { mappings, runtimes } = context.options;
  const root = rootOf(idMap);
  runtimes.requireReachable(root);
  let path = joinedNamespace(context, record, idMap);
  return {
    idMap,
    root,
    mapping: await mappings.descriptor(idMap),
    async makeNetns(place) {
      using made = await (path === undefined
        ? createUserNamespace(idMap, { network: true })
        : createNetworkIn(path));
      bindNamespace(`/proc/self/fd/${made.network}`, place);
      path ??= runtimes.stageNamespace(record.id, `/proc/self/fd/${made.user}`, root);
    },
    path() {
      if (path === undefined) throw new Error('the network is not attached yet');
      return path;
    },
  };
}

/** That of the containers whose namespaces are joined: it must be one. */
function joinedNamespace(context: Context, record: ContainerRecord, idMap: IdMap): string | undefined {
  const donors = JOIN_KINDS.flatMap((kind) => runningDonor(context, record, kind) ?? []);
  for (const each of donors) {
    if (!each.idMap || idMapKey(each.idMap) !== idMapKey(idMap)) throw otherUsers(each);
  }
  const [first] = donors;
  return first && `/proc/${first.state.process?.pid}/ns/user`;
}
