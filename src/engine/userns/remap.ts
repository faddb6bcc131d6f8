import { invalid } from '#lib/errors';
import { type Account, type Group, type IdMap, rangesOf, type Subordinate } from '#linux/ids';
import type { AccountFiles } from './account-files.ts';

/** Whose subordinate ids containers run with. */
export interface RemapOwner {
  readonly user: Account;
  readonly group: Group;
}

/**
 * Looks up `userns-remap`: `user`, `user:group`, each a name or an id. A user alone stands for the group of the
 * same name, a uid alone for the group of the same number.
 * @throws invalid
 */
export function findRemapOwner(setting: string, { accounts, groups }: AccountFiles): RemapOwner {
  const [userPart = '', groupPart, ...more] = setting.split(':');
  if (more.length > 0 || userPart === '' || groupPart === '') {
    throw invalid(`invalid user/group specification in userns-remap: ${JSON.stringify(setting)}`);
  }
  const user = find(accounts, userPart, ({ uid }) => uid);
  if (!user) throw invalid(`userns-remap: there is no user ${JSON.stringify(userPart)} in /etc/passwd`);
  const wanted = groupPart ?? (isNumber(userPart) ? userPart : user.name);
  const group = find(groups, wanted, ({ gid }) => gid);
  if (!group) throw invalid(`userns-remap: there is no group ${JSON.stringify(wanted)} in /etc/group`);
  return { user, group };
}

const isNumber = (text: string): boolean => /^\d+$/.test(text);

const find = <T extends { readonly name: string }>(
  all: readonly T[],
  text: string,
  idOf: (one: T) => number,
): T | undefined => all.find((one) => (isNumber(text) ? idOf(one) === Number(text) : one.name === text));

/**
 * The owner's ranges in /etc/subuid and /etc/subgid, the latter under the group's name or the user's.
 * @throws invalid when there are none
 */
export function remapIds({ user, group }: RemapOwner, files: AccountFiles): IdMap {
  const names = [user.name, String(user.uid)];
  const uids = rangesOf(files.subordinateUids, names);
  const ofGroup = rangesOf(files.subordinateGids, [group.name, String(group.gid)]);
  const gids = ofGroup.length > 0 ? ofGroup : rangesOf(files.subordinateGids, names);
  if (uids.length === 0) throw missing('subuid', user.name);
  if (gids.length === 0) throw missing('subgid', group.name);
  return { uids, gids };
}

const missing = (file: 'subuid' | 'subgid', name: string) =>
  invalid(
    `userns-remap: no ${file} ranges found for ${JSON.stringify(name)} in /etc/${file}: add a line such as ${name}:100000:65536`,
  );

/** A range for a new owner: the first that nobody has any part of. @throws invalid */
export function nextRange(all: readonly Subordinate[]): Omit<Subordinate, 'owner'> {
  let first = FIRST_SUBORDINATE;
  for (const other of all.toSorted((a, b) => a.first - b.first)) {
    if (other.first < first + RANGE) first = Math.max(first, other.first + other.count);
  }
  if (first + RANGE - 1 > LAST_SUBORDINATE) {
    throw invalid('userns-remap: no subordinate ids are free: see /etc/subuid and /etc/subgid');
  }
  return { first, count: RANGE };
}

/** login.defs(5): SUB_UID_MIN and SUB_UID_COUNT; and the last id that all tools take. */
const FIRST_SUBORDINATE = 100_000;
const RANGE = 65_536;
const LAST_SUBORDINATE = 2 ** 32 - 3;
