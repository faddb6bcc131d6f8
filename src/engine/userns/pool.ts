import { invalid } from '#lib/errors';
import { type IdMap, type IdRange, rangesOf } from '#linux/ids';
import type { AccountFiles } from './account-files.ts';

/** Whose subordinate ids are given out, one stretch to each container that asks for ids of its own. */
export const POOL_OWNER = 'berth';
/** Ids of a container: all that a system has, `nobody` (65534) among them. */
const SIZE = 65_536;

/**
 * Ids that no other container has.
 * @throws invalid when there is no pool, or nothing in it is free
 */
export function takePrivateIds(taken: Iterable<IdMap>, files: AccountFiles): IdMap {
  const maps = [...taken];
  const uids = free(
    rangesOf(files.subordinateUids, [POOL_OWNER]),
    maps.flatMap((map) => map.uids),
  );
  const gids = free(
    rangesOf(files.subordinateGids, [POOL_OWNER]),
    maps.flatMap((map) => map.gids),
  );
  if (!uids || !gids) {
    throw invalid(
      `no free ids for a user namespace of its own: give ${POOL_OWNER} more in ${uids ? '/etc/subgid' : '/etc/subuid'}, ` +
        `${SIZE} for each container (such as ${POOL_OWNER}:2147483648:67108864)`,
    );
  }
  return { uids: [uids], gids: [gids] };
}

/** The first stretch of the pool that overlaps nothing. */
function free(pool: readonly IdRange[], taken: readonly IdRange[]): IdRange | undefined {
  for (const { hostID: first, size } of pool) {
    for (let hostID = first; hostID + SIZE <= first + size; hostID += SIZE) {
      const overlaps = taken.some(
        (other) => other.hostID < hostID + SIZE && hostID < other.hostID + other.size,
      );
      if (!overlaps) return { containerID: 0, hostID, size: SIZE };
    }
  }
  return undefined;
}
