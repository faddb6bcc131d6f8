import { writeSync } from 'node:fs';
import { libcCall } from './call.ts';
import { close } from './descriptors.ts';

const memfdCreate = libcCall<[name: string, flags: number]>('int memfd_create(const char *, uint)');
const fcntl = libcCall<[fd: number, command: number, argument: number]>('int fcntl(int, int, long)');

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
/** Linux 6.3, which would ask for it in the log. */
const MFD_EXEC = 0x10;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL, SHRINK, GROW, WRITE. A runtime that looks for its seals takes no other combination for a safe copy. */
const ALL_SEALS = 0xf;

/** An anonymous file (memfd_create(2)) that holds `data` and can never change again. The caller closes it. @throws SystemError */
export function sealedMemory(data: Uint8Array, { executable = false } = {}): number {
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const marked = executable ? memfdCreate.attempt('berth', flags | MFD_EXEC) : -1;
  const fd = marked >= 0 ? marked : memfdCreate('berth', flags);
  try {
    for (let at = 0; at < data.length; ) at += writeSync(fd, data, at);
    fcntl(fd, F_ADD_SEALS, ALL_SEALS);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** madvise(2). */
export const madvise = libcCall<[address: number, length: number, advice: number]>(
  'int madvise(uintptr_t, size_t, int)',
);
export const MADV_DONTNEED = 4;

/** malloc_trim(3): what was freed goes back to the kernel. */
export const mallocTrim = libcCall<[keep: number]>('int malloc_trim(size_t)');
