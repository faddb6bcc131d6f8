import { libcCall } from './call.ts';

const F_DUPFD_CLOEXEC = 1030;
const fcntl = libcCall<[fd: number, command: number, argument: number]>('int fcntl(int, int, long)');

/** open(2). */
export const open = libcCall<[path: string, flags: number, mode: number]>(
  'int open(const char *, int, uint)',
);
export const close = libcCall<[fd: number]>('int close(int)');
/** A close-on-exec copy of a descriptor, numbered `from` or higher. */
export const duplicate = (fd: number, from = 3): number => fcntl(fd, F_DUPFD_CLOEXEC, from);
