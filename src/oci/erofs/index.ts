/** EROFS images of layers: the archive and, around it, what lets Linux mount it. */
export { ARCHIVE_OFFSET, type ImageFile, LayerImage, type WrittenImage } from './image.ts';
export type { Attributes } from './node.ts';
export { readImage } from './reader.ts';
export { isUnfit, UnfitLayer } from './unfit.ts';
