export type { EntryType, Segment, TarEntry } from './entry.ts';
export { readMembers, type TarMember } from './members.ts';
export { fsPath, pathBytes, pathFromBytes } from './names.ts';
export { TarReader, type TarSink } from './reader.ts';
export { SparseCursor } from './sparse.ts';
export { TAR_END, type TarHeader, tarHeader, tarPadding } from './writer.ts';
