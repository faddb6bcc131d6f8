/** What Node's fs lacks. All synchronous and cheap, for the hot path or inside a worker, unless said otherwise. */
export { fileSystem } from './file-system.ts';
export { tryLock } from './lock.ts';
export { lchown, makeFifo, makeNode, setTimes } from './node.ts';
export { openInRoot } from './open.ts';
export { syncFs } from './sync.ts';
export { getXattr, listXattrs, removeXattr, setXattr } from './xattr.ts';
