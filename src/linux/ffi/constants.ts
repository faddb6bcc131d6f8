/** `AT_FDCWD`: relative paths start at the working directory. */
export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EMPTY_PATH = 0x1000;
export const AT_RECURSIVE = 0x8000;

/** `O_CLOEXEC`, the same on every architecture that Node runs on; Node does not export it. */
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;

export const CLONE_FS = 0x200;
export const CLONE_NEWNS = 0x20000;
export const CLONE_NEWNET = 0x40000000;
