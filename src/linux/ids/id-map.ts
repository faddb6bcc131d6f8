/** A stretch of ids: `containerID` and those after it in a user namespace are `hostID` and those after it outside. */
export interface IdRange {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** Which ids a user namespace has, and what they are outside (user_namespaces(7)). */
export interface IdMap {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What the kernel shows for an id that a user namespace does not have (/proc/sys/kernel/overflowuid). */
export const OVERFLOW_ID = 65534;

/** Undefined: the namespace has no such id. */
export function toHostId(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ containerID, size }) => id >= containerID && id < containerID + size);
  return range && id - range.containerID + range.hostID;
}

/** Undefined: the id is none of the namespace's. */
export function toContainerId(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ hostID, size }) => id >= hostID && id < hostID + size);
  return range && id - range.hostID + range.containerID;
}

/** The host's ids of a user namespace's root; of the host's own without a map. */
export const rootOf = (map: IdMap | undefined): Owner => ({
  uid: map ? (toHostId(map.uids, 0) ?? OVERFLOW_ID) : 0,
  gid: map ? (toHostId(map.gids, 0) ?? OVERFLOW_ID) : 0,
});

/** Maps with the same text are the same. */
export const idMapKey = ({ uids, gids }: IdMap): string => `${rangesText(uids)}/${rangesText(gids)}`;

/** Lines of /proc/PID/uid_map. */
export const rangesText = (ranges: readonly IdRange[]): string =>
  ranges.map(({ containerID, hostID, size }) => `${containerID} ${hostID} ${size}\n`).join('');
