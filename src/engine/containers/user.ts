import { closeSync, constants, readFileSync } from 'node:fs';
import { codeOf, invalid } from '#lib/errors';
import { openInRoot } from '#linux/files';

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** The primary group first. */
  readonly additionalGids: readonly number[];
  readonly home: string;
}

const LARGEST_ID = 2 ** 31 - 1;

/**
 * `user`, `uid`, `user:group`, `uid:gid` or nothing (root), looked up in the /etc/passwd and /etc/group
 * of the container. The files belong to whoever made the image: they are opened as a process confined
 * to `root` would, so that a symlink cannot lead to the host's.
 * @throws invalid `unable to find user x: no matching entries in passwd file`
 */
export function resolveUser(root: string, user: string, groupAdd: readonly string[]): ResolvedUser {
  return lookUpUser(readInRoot(root, '/etc/passwd'), readInRoot(root, '/etc/group'), user, groupAdd);
}

/** The look-up alone, on the text of the two files (passwd(5), group(5)). */
export function lookUpUser(
  passwd: string,
  group: string,
  user: string,
  groupAdd: readonly string[],
): ResolvedUser {
  const [userPart = '', groupPart = ''] = user.split(':', 2);
  const account = rows(passwd).find((fields) =>
    userPart === '' ? fields[2] === '0' : fields[0] === userPart || fields[2] === userPart,
  );
  const groups = rows(group);
  const uid = account ? idOf(account[2]) : numericId(userPart || '0', 'user', 'passwd');
  const gid = groupPart ? groupId(groups, groupPart) : account ? idOf(account[3]) : 0;
  const memberOf =
    groupPart || !account
      ? []
      : groups
          .filter((fields) => fields[3]?.split(',').includes(account[0] ?? ''))
          .map((fields) => idOf(fields[2]));
  const added = groupAdd.map((name) => groupId(groups, name));
  return { uid, gid, additionalGids: [...new Set([gid, ...memberOf, ...added])], home: account?.[5] || '/' };
}

const rows = (text: string): string[][] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));

function groupId(groups: readonly string[][], name: string): number {
  const found = groups.find((fields) => fields[0] === name || fields[2] === name);
  return found ? idOf(found[2]) : numericId(name, 'group', 'group');
}

/** An id that the files do not know is fine as long as it is a number. */
function numericId(text: string, what: 'user' | 'group', file: 'passwd' | 'group'): number {
  if (!/^-?\d+$/.test(text)) {
    throw invalid(`unable to find ${what} ${text}: no matching entries in ${file} file`);
  }
  return idOf(text);
}

function idOf(text: string | undefined): number {
  const id = Number(text || '0');
  if (!Number.isInteger(id) || id < 0 || id > LARGEST_ID) {
    throw invalid(`uids and gids must be in range 0-${LARGEST_ID}: ${text}`);
  }
  return id;
}

function readInRoot(root: string, path: string): string {
  let descriptor: number;
  try {
    // Non-blocking: an image may have a FIFO there, and nobody would ever write to it.
    descriptor = openInRoot(root, path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR' || codeOf(error) === 'ENXIO') return '';
    throw error;
  }
  try {
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
