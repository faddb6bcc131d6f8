export type { Archive, ArchiveImage } from './archive.ts';
export type { Spool, Spooled } from './members.ts';
export { readArchive } from './read.ts';
export { type ArchiveContent, writeArchive } from './write.ts';
