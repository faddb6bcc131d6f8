import { statfs } from 'node:fs/promises';

/** What a prune leaves of the cache. */
export interface KeepLimits {
  /** Bytes of the cache that stay in any case. */
  readonly reserved?: number | undefined;
  /** Bytes that the cache may have. */
  readonly maxUsed?: number | undefined;
  /** Bytes of the disk that are to be free afterwards. */
  readonly minFree?: number | undefined;
}

/** Bytes that may stay of `used`, on a disk with `free`: as many as the limits allow. */
export function bytesToKeep({ reserved, maxUsed, minFree }: KeepLimits, used: number, free: number): number {
  if (maxUsed === undefined && minFree === undefined) return reserved ?? 0;
  const missing = Math.max(0, (minFree ?? 0) - free);
  return Math.max(reserved ?? 0, Math.min(maxUsed ?? used, used - missing));
}

/** Of the disk below a path. */
export async function freeBytes(path: string): Promise<number> {
  const { bfree, bsize } = await statfs(path);
  return bfree * bsize;
}
