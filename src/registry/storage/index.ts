export { DiskRecords } from './disk-records.ts';
export { openStorage } from './open-storage.ts';
export type { S3Options } from './s3-bucket.ts';
export type { Key, ListOptions, Records, Storage, StoredBlob } from './storage.ts';
