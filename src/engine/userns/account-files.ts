import { readFileSync } from 'node:fs';
import { codeOf } from '#lib/errors';
import {
  type Account,
  type Group,
  parseGroup,
  parsePasswd,
  parseSubordinate,
  type Subordinate,
} from '#linux/ids';

/** Who there is on the host, and whose ids which are. */
export interface AccountFiles {
  readonly accounts: readonly Account[];
  readonly groups: readonly Group[];
  readonly subordinateUids: readonly Subordinate[];
  readonly subordinateGids: readonly Subordinate[];
}

export const readAccountFiles = (): AccountFiles => ({
  accounts: parsePasswd(read('/etc/passwd')),
  groups: parseGroup(read('/etc/group')),
  subordinateUids: parseSubordinate(read('/etc/subuid')),
  subordinateGids: parseSubordinate(read('/etc/subgid')),
});

/** A host may have no subuid. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}
