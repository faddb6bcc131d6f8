import { libcCall, systemCall } from './call.ts';

/** mount(2). */
export const mount = libcCall<
  [source: string | null, target: string, type: string | null, flags: number, data: string | null]
>('int mount(const char *, const char *, const char *, unsigned long, const char *)');
export const umount2 = libcCall<[target: string, flags: number]>('int umount2(const char *, int)');

export const MS_RDONLY = 1;
export const MS_NOSUID = 2;
export const MS_NODEV = 4;
export const MS_NOEXEC = 8;
export const MS_BIND = 0x1000;
export const MS_REC = 0x4000;
export const MS_PRIVATE = 1 << 18;
export const MS_SLAVE = 1 << 19;
export const MS_SHARED = 1 << 20;

export const MNT_DETACH = 2;
export const UMOUNT_NOFOLLOW = 8;

// The new mount API (Linux 5.2; mount_setattr 5.12). Numbers are the same on every architecture.
export const openTree = systemCall<[directory: number, path: string, flags: number]>('open_tree', 428, [
  'int',
  'const char *',
  'uint',
]);
export const moveMount = systemCall<
  [fromDirectory: number, from: string, toDirectory: number, to: string, flags: number]
>('move_mount', 429, ['int', 'const char *', 'int', 'const char *', 'uint']);
export const fsopen = systemCall<[type: string, flags: number]>('fsopen', 430, ['const char *', 'uint']);
export const fsconfig = systemCall<
  [context: number, command: number, key: string | null, value: string | null, extra: number]
>('fsconfig', 431, ['int', 'uint', 'const char *', 'const char *', 'int']);
export const fsmount = systemCall<[context: number, flags: number, attributes: number]>('fsmount', 432, [
  'int',
  'uint',
  'uint',
]);
export const mountSetattr = systemCall<
  [directory: number, path: string, flags: number, attributes: NodeJS.TypedArray, size: number]
>('mount_setattr', 442, ['int', 'const char *', 'uint', 'const void *', 'size_t']);

export const OPEN_TREE_CLONE = 1;
export const MOVE_MOUNT_T_SYMLINKS = 0x10;
export const MOVE_MOUNT_F_EMPTY_PATH = 4;
export const FSOPEN_CLOEXEC = 1;
export const FSMOUNT_CLOEXEC = 1;
export const FSCONFIG_SET_FLAG = 0;
export const FSCONFIG_SET_STRING = 1;
export const FSCONFIG_CMD_CREATE = 6;
export const MOUNT_ATTR_RDONLY = 1;
export const MOUNT_ATTR_IDMAP = 0x100000;

export const statx = libcCall<
  [directory: number, path: string, flags: number, mask: number, result: NodeJS.TypedArray]
>('int statx(int, const char *, int, uint, void *)');
