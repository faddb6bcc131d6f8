export { fileSystem, syncFs } from './file-system.ts';
export { tryLock } from './lock.ts';
export { lchown, makeFifo, makeNode, setTimes } from './node.ts';
export { openInRoot } from './open-in-root.ts';
export { getXattr, listXattrs, removeXattr, setXattr } from './xattr.ts';
