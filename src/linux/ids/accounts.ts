/** A line of passwd(5). */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** A line of group(5). */
export interface Group {
  readonly name: string;
  readonly gid: number;
}

/** Lines that are not as they should be are left out, as getpwnam(3) does. */
export const parsePasswd = (text: string): Account[] =>
  rows(text).flatMap(([name = '', , uid, gid, , home = '']) =>
    name !== '' && isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  );

export const parseGroup = (text: string): Group[] =>
  rows(text).flatMap(([name = '', , gid]) => (name !== '' && isId(gid) ? [{ name, gid: Number(gid) }] : []));

const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'));

/** An id but -1, which means "none" to the kernel. */
const isId = (text: string | undefined): text is string =>
  text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 0xffff_ffff;
