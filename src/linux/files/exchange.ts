import { AT_FDCWD } from '../ffi/constants.ts';
import { RENAME_EXCHANGE, renameat2 } from '../ffi/files.ts';

/** Each of two paths gets what the other one had, at once (renameat2(2), RENAME_EXCHANGE). @throws SystemError; EINVAL where the file system cannot */
export function exchange(one: string, other: string): void {
  renameat2(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
}
