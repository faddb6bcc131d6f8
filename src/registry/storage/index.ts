export { DiskStorage } from './disk.ts';
export { DiskRecords } from './disk-records.ts';
export type { Key, ListOptions, Records, Storage, StoredBlob } from './storage.ts';
