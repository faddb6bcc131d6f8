import { readFileSync } from 'node:fs';
import { cancelled } from '#lib/errors';
import { errnoNumber, SystemError } from '../errno.ts';
import { close } from '../ffi/descriptors.ts';
import {
  ioctl,
  P_PIDFD,
  pidfdGetfd,
  pidfdOpen,
  pidfdSendSignal,
  poll,
  WEXITED,
  WNOHANG,
  WNOWAIT,
  waitid,
} from '../ffi/process.ts';
import { whenReady } from '../ffi/readiness.ts';
import { readStat } from '../proc/stat.ts';
import { exitStatus } from './status.ts';

/** Names one process for good: a pid is used again, but not with the same start time in the same boot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, as /proc/PID/stat has it. */
  readonly startTime: string;
  readonly bootId: string;
}

/** Changes at every boot of the kernel. */
export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

const POLLIN = 1;

/** `_IOWR(0xff, 11, struct pidfd_info)`, with the 64-byte structure of Linux 6.13. */
const PIDFD_GET_INFO = 0xc040ff0b;
const PIDFD_INFO_EXIT = 8n;

/** How long a dead process may stay unreaped before its status is given up. */
const REAP_PATIENCE_MS = 5_000;

/**
 * A process that cannot be confused with a later one of the same pid: pid, start time and boot id,
 * held by a pidfd.
 *
 * The end is seen by watching the pidfd in libuv's own epoll, where it becomes readable: hundreds
 * of processes cost no thread and no timer.
 */
export class ProcessHandle implements Disposable {
  readonly identity: ProcessIdentity;
  readonly #pidfd: number;
  readonly #closing = new AbortController();

  private constructor(pidfd: number, identity: ProcessIdentity) {
    this.#pidfd = pidfd;
    this.identity = identity;
  }

  /** Opens a process that is there (a zombie is not running, but is there); undefined when it is gone or, with `expected`, another one has its pid. */
  static open(pid: number, expected?: ProcessIdentity): ProcessHandle | undefined {
    const boot = bootId();
    if (expected && (expected.pid !== pid || expected.bootId !== boot)) return undefined;
    const pidfd = pidfdOpen.attempt(pid, 0);
    if (pidfd === -errnoNumber('ESRCH') || pidfd === -errnoNumber('EINVAL')) return undefined;
    if (pidfd < 0) throw new SystemError('pidfd_open', [pid], -pidfd);
    // Read after the pidfd is open: what has this pid now is what the pidfd holds, or both are gone.
    const stat = readStat(pid);
    const startTime = stat?.startTime;
    if (startTime === undefined || (expected && expected.startTime !== startTime)) {
      close(pidfd);
      return undefined;
    }
    return new ProcessHandle(pidfd, { pid, startTime, bootId: boot });
  }

  /** pidfd_send_signal(2). False when the process is gone. */
  signal(signal: number): boolean {
    const result = pidfdSendSignal.attempt(this.#pidfd, signal, null, 0);
    if (result === -errnoNumber('ESRCH')) return false;
    if (result < 0) throw new SystemError('pidfd_send_signal', [this.identity.pid, signal], -result);
    return true;
  }

  /** pidfd_getfd(2): a copy of a descriptor of the process, close-on-exec, the caller's to close. @throws SystemError */
  copyDescriptor(fd: number): number {
    return pidfdGetfd(this.#pidfd, fd, 0);
  }

  /** False for a zombie too. */
  isAlive(): boolean {
    // struct pollfd { int fd; short events, revents }
    const request = new Int32Array([this.#pidfd, POLLIN]);
    return poll(request, 1, 0) === 0;
  }

  /** Resolves at the end of the process, reaped or not, or when the handle is disposed. @throws cancelled */
  async ended(signal?: AbortSignal): Promise<void> {
    const closing = this.#closing.signal;
    try {
      await whenReady(this.#pidfd, { readable: true }, signal ? AbortSignal.any([signal, closing]) : closing);
    } catch (error) {
      if (!closing.aborted || signal?.aborted) throw error;
    }
  }

  /**
   * Resolves at the end of the process, with its exit code where the kernel tells it to us: to its
   * parent always, to others once it is reaped (PIDFD_GET_INFO, Linux 6.15). undefined when it
   * does not, and when the handle is disposed meanwhile.
   * @throws cancelled
   */
  async exited(signal?: AbortSignal): Promise<{ code: number } | undefined> {
    await this.ended(signal);
    if (this.#closing.signal.aborted) return undefined;
    const now = this.#childStatus() ?? this.#reapedStatus();
    if (now !== 'not yet') return now;
    // The parent reaps within microseconds, but PID 1, for an orphan, may take its time. Reaping
    // is a hang-up of the pidfd, which wakes a watch that asks for nothing else.
    const patience = AbortSignal.timeout(REAP_PATIENCE_MS);
    const stop = AbortSignal.any([patience, this.#closing.signal, ...(signal ? [signal] : [])]);
    await whenReady(this.#pidfd, { disconnect: true }, stop).catch(() => undefined);
    if (signal?.aborted) throw cancelled();
    if (this.#closing.signal.aborted) return undefined;
    const late = this.#reapedStatus();
    return late === 'not yet' ? undefined : late;
  }

  /** Our own child's status, left in place for `tryWait`. */
  #childStatus(): { code: number } | undefined {
    // siginfo_t: si_code at 8, si_pid at 16, si_status at 24 of 128 bytes.
    const info = new Int32Array(32);
    if (waitid.attempt(P_PIDFD, this.#pidfd, info, WEXITED | WNOHANG | WNOWAIT) < 0) return undefined;
    const [pid, status] = [info[4] ?? 0, info[6] ?? 0];
    if (pid === 0) return undefined;
    const CLD_EXITED = 1;
    return { code: info[2] === CLD_EXITED ? status : 128 + status };
  }

  /** Undefined when this kernel never tells. */
  #reapedStatus(): { code: number } | 'not yet' | undefined {
    const info = new DataView(new ArrayBuffer(64));
    info.setBigUint64(0, PIDFD_INFO_EXIT, true);
    const bytes = new Uint8Array(info.buffer);
    const result = ioctl.attempt(this.#pidfd, PIDFD_GET_INFO, bytes);
    // ESRCH: reaped, and the kernel is older than the exit record.
    if (result < 0) return undefined;
    if (!(info.getBigUint64(0, true) & PIDFD_INFO_EXIT)) return 'not yet';
    return { code: exitStatus(info.getInt32(60, true)).code };
  }

  [Symbol.dispose](): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    close(this.#pidfd);
  }
}
