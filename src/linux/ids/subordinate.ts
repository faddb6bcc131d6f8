import type { IdRange } from './id-map.ts';

/** Ids that a user may use in user namespaces: a line of subuid(5) or subgid(5). */
export interface Subordinate {
  /** A name, or a uid in digits. */
  readonly owner: string;
  readonly first: number;
  readonly count: number;
}

const LAST_ID = 0xffff_fffe;

/** Lines that are not as they should be are left out. */
export function parseSubordinate(text: string): Subordinate[] {
  return text.split('\n').flatMap((line) => {
    const [, owner, first, count] = /^([^:#]+):(\d{1,10}):(\d{1,10})\s*$/.exec(line) ?? [];
    if (owner === undefined || Number(count) < 1 || Number(first) + Number(count) - 1 > LAST_ID) return [];
    return [{ owner, first: Number(first), count: Number(count) }];
  });
}

/** All of somebody's ranges one after the other, from id 0 of the namespace on. `owners`: the names that are his. */
export function rangesOf(all: readonly Subordinate[], owners: readonly string[]): IdRange[] {
  let containerID = 0;
  return all
    .filter(({ owner }) => owners.includes(owner))
    .map(({ first, count }) => {
      const range = { containerID, hostID: first, size: count };
      containerID += count;
      return range;
    });
}
