import { libcCall } from './call.ts';

/** All of these act on the calling OS thread only, whatever the man page says of "the process". */
export const unshare = libcCall<[flags: number]>('int unshare(int)');
export const setns = libcCall<[fd: number, type: number]>('int setns(int, int)');
export const chroot = libcCall<[path: string]>('int chroot(const char *)');
export const chdir = libcCall<[path: string]>('int chdir(const char *)');
export const umask = libcCall<[mask: number]>('uint umask(uint)');
