import { libcCall, systemCall } from './call.ts';
import type { Path } from './path.ts';

type Bytes = Uint8Array;

export const lsetxattr = libcCall<[path: Path, name: string, value: Bytes, size: number, flags: number]>(
  'int lsetxattr(const char *, const char *, const void *, size_t, int)',
);
export const lgetxattr = libcCall<[path: Path, name: string, value: Bytes | null, size: number]>(
  'long lgetxattr(const char *, const char *, void *, size_t)',
);
export const llistxattr = libcCall<[path: Path, list: Bytes | null, size: number]>(
  'long llistxattr(const char *, void *, size_t)',
);
export const mknod = libcCall<[path: Path, mode: number, device: bigint]>(
  'int mknod(const char *, uint, uint64_t)',
);
export const utimensat = libcCall<[directory: number, path: Path, times: BigInt64Array, flags: number]>(
  'int utimensat(int, const char *, const void *, int)',
);
export const flock = libcCall<[fd: number, operation: number]>('int flock(int, int)');
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const syncfs = libcCall<[fd: number]>('int syncfs(int)');

export const renameat2 = libcCall<
  [fromDirectory: number, from: string, toDirectory: number, to: string, flags: number]
>('int renameat2(int, const char *, int, const char *, uint)');
export const RENAME_EXCHANGE = 2;

/** openat2(2), Linux 5.6. */
export const openat2 = systemCall<[directory: number, path: string, how: BigUint64Array, size: number]>(
  'openat2',
  437,
  ['int', 'const char *', 'const void *', 'size_t'],
);
export const RESOLVE_NO_MAGICLINKS = 0x02n;
export const RESOLVE_IN_ROOT = 0x10n;
