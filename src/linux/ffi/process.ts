import { libcCall, libcErrorCall, systemCall } from './call.ts';

type Opaque = Uint8Array;

/** posix_spawn(3): CLONE_VFORK, so its cost does not grow with our heap as fork's does. */
export const posixSpawn = libcErrorCall<
  [
    pid: Int32Array,
    path: string,
    actions: Opaque,
    attributes: Opaque,
    argv: readonly (string | null)[],
    env: readonly (string | null)[],
  ]
>('int posix_spawn(void *, const char *, const void *, const void *, const char **, const char **)');

export const fileActions = {
  init: libcErrorCall<[Opaque]>('int posix_spawn_file_actions_init(void *)'),
  destroy: libcErrorCall<[Opaque]>('int posix_spawn_file_actions_destroy(void *)'),
  dup2: libcErrorCall<[Opaque, from: number, to: number]>(
    'int posix_spawn_file_actions_adddup2(void *, int, int)',
  ),
  open: libcErrorCall<[Opaque, fd: number, path: string, flags: number, mode: number]>(
    'int posix_spawn_file_actions_addopen(void *, int, const char *, int, uint)',
  ),
  close: libcErrorCall<[Opaque, fd: number]>('int posix_spawn_file_actions_addclose(void *, int)'),
  closeFrom: libcErrorCall<[Opaque, first: number]>(
    'int posix_spawn_file_actions_addclosefrom_np(void *, int)',
  ),
  chdir: libcErrorCall<[Opaque, path: string]>(
    'int posix_spawn_file_actions_addchdir_np(void *, const char *)',
  ),
};

export const attributes = {
  init: libcErrorCall<[Opaque]>('int posix_spawnattr_init(void *)'),
  setFlags: libcErrorCall<[Opaque, flags: number]>('int posix_spawnattr_setflags(void *, short)'),
  setSignalMask: libcErrorCall<[Opaque, set: Opaque]>('int posix_spawnattr_setsigmask(void *, const void *)'),
  setSignalDefaults: libcErrorCall<[Opaque, set: Opaque]>(
    'int posix_spawnattr_setsigdefault(void *, const void *)',
  ),
};

/** glibc's posix_spawnattr_t is 336 bytes, posix_spawn_file_actions_t 80, sigset_t 128; these are bounds. */
export const ATTRIBUTES_SIZE = 512;
export const FILE_ACTIONS_SIZE = 128;
export const SIGNAL_SET_SIZE = 128;

export const POSIX_SPAWN_SETSIGDEF = 4;
export const POSIX_SPAWN_SETSIGMASK = 8;
export const POSIX_SPAWN_SETSID = 0x80;

export const pipe2 = libcCall<[ends: Int32Array, flags: number]>('int pipe2(void *, int)');

export const waitpid = libcCall<[pid: number, status: Int32Array, options: number]>(
  'int waitpid(int, void *, int)',
);
export const waitid = libcCall<[type: number, id: number, info: Int32Array, options: number]>(
  'int waitid(int, uint, void *, int)',
);
/** _exit(2): no exit handlers, no waiting for threads. */
export const exitProcess = libcCall<[status: number]>('int _exit(int)');
export const WNOHANG = 1;
export const WEXITED = 4;
export const WNOWAIT = 0x1000000;
export const P_PIDFD = 3;

/** pidfd_open(2), Linux 5.3; the descriptor is always close-on-exec. */
export const pidfdOpen = systemCall<[pid: number, flags: number]>('pidfd_open', 434, ['int', 'uint']);
export const pidfdSendSignal = systemCall<[pidfd: number, signal: number, info: null, flags: number]>(
  'pidfd_send_signal',
  424,
  ['int', 'int', 'void *', 'uint'],
);
/** pidfd_getfd(2), Linux 5.6: a copy of another process's descriptor, close-on-exec. */
export const pidfdGetfd = systemCall<[pidfd: number, fd: number, flags: number]>('pidfd_getfd', 438, [
  'int',
  'int',
  'uint',
]);
export const ioctl = libcCall<[fd: number, request: number, argument: NodeJS.TypedArray]>(
  'int ioctl(int, unsigned long, void *)',
);
export const poll = libcCall<[fds: Int16Array | Int32Array, count: number, timeoutMs: number]>(
  'int poll(void *, unsigned long, int)',
);
