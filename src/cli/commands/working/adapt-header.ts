import type { EntryHeader } from '../container/cp/pack.ts';
import type { Placed } from './copy.ts';

/** A link has no mode of its own. */
export function adaptHeader(header: EntryHeader, { owner, mode }: Placed): EntryHeader {
  return {
    ...header,
    ...(owner && { uid: owner.uid, gid: owner.gid, uname: '', gname: '' }),
    ...(mode !== undefined && header.type !== 'symlink' && { mode }),
  };
}
