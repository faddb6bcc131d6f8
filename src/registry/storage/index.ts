export { DiskStorage } from './disk.ts';
export type { Key, ListOptions, Records, Storage, StoredBlob } from './storage.ts';
