export { exchange } from './exchange.ts';
export { fileSystem, syncFs } from './file-system.ts';
export { lock, tryLock } from './lock.ts';
export { makeFifo, makeNode, setTimes } from './node.ts';
export { openInRoot } from './open-in-root.ts';
export { removeTree } from './remove-tree.ts';
export { syncDirectory } from './sync-directory.ts';
export { getXattr, listXattrs, setXattr } from './xattr.ts';
