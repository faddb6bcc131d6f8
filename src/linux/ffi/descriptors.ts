import { libcCall } from './call.ts';

const F_DUPFD_CLOEXEC = 1030;
const F_ADD_SEALS = 1033;
const fcntl = libcCall<[fd: number, command: number, argument: number]>('int fcntl(int, int, long)');

/** open(2). */
export const open = libcCall<[path: string, flags: number, mode: number]>(
  'int open(const char *, int, uint)',
);
export const close = libcCall<[fd: number]>('int close(int)');
/** A close-on-exec copy of a descriptor, numbered `from` or higher. */
export const duplicate = (fd: number, from = 3): number => fcntl(fd, F_DUPFD_CLOEXEC, from);
/** For a descriptor of `memoryFile` made with MFD_ALLOW_SEALING. */
export const addSeals = (fd: number, seals: number): number => fcntl(fd, F_ADD_SEALS, seals);

/** memfd_create(2). `name` shows in /proc only. */
export const memoryFile = libcCall<[name: string, flags: number]>('int memfd_create(const char *, uint)');
export const MFD_CLOEXEC = 1;
export const MFD_ALLOW_SEALING = 2;
/** Linux 6.3. */
export const MFD_EXEC = 0x10;
export const F_SEAL_SEAL = 1;
export const F_SEAL_SHRINK = 2;
export const F_SEAL_GROW = 4;
export const F_SEAL_WRITE = 8;
