/** User and group ids: who has them, and what they are in a user namespace. Pure. */
export { type Account, type Group, parseGroup, parsePasswd } from './accounts.ts';
export {
  type IdMap,
  type IdRange,
  idMapKey,
  OVERFLOW_ID,
  type Owner,
  rangesText,
  rootOf,
  toContainerId,
  toHostId,
} from './id-map.ts';
export { parseSubordinate, rangesOf, type Subordinate } from './subordinate.ts';
