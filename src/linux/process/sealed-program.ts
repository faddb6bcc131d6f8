import { fstatSync, readFileSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { unsupported } from '#lib/errors';
import { close } from '../ffi/descriptors.ts';
import { sealedMemory } from '../ffi/memory.ts';
import { ioctl } from '../ffi/process.ts';
import { isExecutable } from './program.ts';

/** ioctl_iflags(2). */
const FS_IOC_SETFLAGS = 0x40086602;
const FS_IMMUTABLE_FL = 0x10n;
const ELF = Buffer.from('\x7fELF', 'latin1');

/**
 * A copy of a program in memory that nobody can write to, root in a container included. A container runtime
 * starts itself anew from such a copy, made at each start (CVE-2019-5736: through /proc/self/exe a container
 * could overwrite the host's program); one that is started from it has no need to.
 *
 * It is executed by the name of a symbolic link to our descriptor, for as long as we live.
 */
export class SealedProgram implements Disposable {
  readonly path: string;
  readonly #fd: number;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.path = path;
  }

  /** `link`: where the symbolic link is made. @throws unsupported, SystemError (before Linux 6.1: ENOTTY) */
  static copy(program: string, link: string): SealedProgram {
    const content = readFileSync(program);
    // The name of a script is what its interpreter is given, and what it finds its files by.
    if (!content.subarray(0, ELF.length).equals(ELF)) throw unsupported(`${program} is no binary`);
    const fd = sealedMemory(content, { executable: true });
    try {
      // Seals forbid to write, not to open for writing; and while somebody has it open so, nobody can execute it.
      ioctl(fd, FS_IOC_SETFLAGS, new BigInt64Array([FS_IMMUTABLE_FL]));
      const target = `/proc/${process.pid}/fd/${fd}`;
      // By another name of /proc we may be another process.
      if (statSync(target).ino !== fstatSync(fd).ino || !isExecutable(target)) {
        throw unsupported(`${target} cannot be executed`);
      }
      symlinkSync(target, `${link}.new`);
      renameSync(`${link}.new`, link);
      return new SealedProgram(fd, link);
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}
