import { closeSync, openSync } from 'node:fs';
import { errnoNumber, SystemError } from '../errno.ts';
import { O_CLOEXEC } from '../ffi/constants.ts';
import { close, open } from '../ffi/descriptors.ts';
import { MS_RDONLY, mount } from '../ffi/mount.ts';
import { ioctl } from '../ffi/process.ts';

/** `file`: the kernel reads the image's file itself (Linux 6.12); `loop`: through a loop device, which goes with the mount. */
export type ImageBacking = 'file' | 'loop';

/** Mounts an EROFS image, read-only: 100 us. @throws SystemError; ENOTBLK: its file system cannot back a mount */
export function mountErofs(image: string, target: string, backing: ImageBacking): void {
  if (backing === 'file') {
    mount(image, target, 'erofs', MS_RDONLY, null);
    return;
  }
  const device = attachLoop(image);
  try {
    mount(device.path, target, 'erofs', MS_RDONLY, null);
  } finally {
    // The mount has it open now; without one it is free again.
    close(device.fd);
  }
}

// linux/loop.h
const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_CONFIGURE = 0x4c0a;
/** struct loop_config: u32 fd, u32 block_size, struct loop_info64 (232 bytes, lo_flags at 52), u64[8]. */
const CONFIG_BYTES = 304;
const CONFIG_FLAGS = 8 + 52;
const LO_FLAGS_READ_ONLY = 1;
const LO_FLAGS_AUTOCLEAR = 4;
const TRIES = 16;

/** The device is open: it is given back when it is closed and not mounted. */
function attachLoop(path: string): { readonly path: string; readonly fd: number } {
  const file = openSync(path, 'r');
  try {
    for (let tries = 1; ; tries++) {
      const device = freeLoop();
      const fd = open(device, O_CLOEXEC, 0);
      const result = ioctl.attempt(fd, LOOP_CONFIGURE, loopConfig(file));
      if (result >= 0) return { path: device, fd };
      close(fd);
      // Somebody else was as quick.
      if (result !== -errnoNumber('EBUSY') || tries === TRIES) {
        throw new SystemError('ioctl', [device, 'LOOP_CONFIGURE', path], -result);
      }
    }
  } finally {
    closeSync(file);
  }
}

function freeLoop(): string {
  const control = open('/dev/loop-control', O_CLOEXEC, 0);
  try {
    return `/dev/loop${ioctl(control, LOOP_CTL_GET_FREE, new Uint8Array(1))}`;
  } finally {
    close(control);
  }
}

function loopConfig(file: number): Uint8Array {
  const config = new DataView(new ArrayBuffer(CONFIG_BYTES));
  config.setUint32(0, file, true);
  config.setUint32(CONFIG_FLAGS, LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR, true);
  return new Uint8Array(config.buffer);
}
