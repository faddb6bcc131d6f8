// A layer is a tar: whoever handles layers finds here what they need of it.
export {
  type EntryType,
  fsPath,
  pathFromBytes,
  type Segment,
  SparseCursor,
  TAR_END,
  type TarEntry,
  type TarHeader,
  TarReader,
  type TarSink,
  tarHeader,
  tarPadding,
} from '#oci/tar';
export { type Applied, type ApplyOptions, applyLayer, LayerApplier } from './apply.ts';
export { type Compression, decompress, detectCompression, MAGIC_BYTES, peek } from './compression.ts';
export { diffLayer } from './diff.ts';
export { isOverlayXattr } from './overlay-xattrs.ts';
export type { Owner } from './owner.ts';
export { packTree, type TreeMember } from './pack.ts';
export { cleanPath } from './path.ts';
export type { Change, SourceNode, TreeSource } from './source.ts';
export type { LayerFile, LayerTarget, NodeType } from './target.ts';
