export {
  type BindOptions,
  bindMount,
  mountSharedMemory,
  openMountCopy,
  type Propagation,
  shareMount,
  unmountCopy,
} from './bind.ts';
export { type ImageBacking, mountErofs } from './erofs.ts';
export { mountFileSystem, mountTmpfs } from './file-system.ts';
export { isMountPoint, listMounts, type MountInfo } from './list.ts';
export { mountOverlay, type OverlayOptions } from './overlay.ts';
export { overlayXattr } from './overlay-xattr.ts';
export { unmount, unmountNow } from './unmount.ts';
