import { closeSync, openSync, readFileSync, write } from 'node:fs';
import { join } from 'node:path';
import { CGROUP_ROOT } from './layout.ts';

/** Shorter than a grace period, which lasts 10-20 ms on an idle machine. */
const INTERVAL_MS = 8;
/** How long after one start another one is likely. */
const LINGER_MS = 2000;

/**
 * Keeps the kernel ready to move processes between cgroups while containers are being started. The
 * first move after a pause waits for an RCU grace period, 10-20 ms (the write side of
 * `cgroup_threadgroup_rwsem`); those that follow within the next period do not. To write our own pid to
 * the cgroup that we are in takes the same lock and moves nothing.
 */
export class CgroupReadiness implements Disposable {
  readonly #pid = String(process.pid);
  #timer: NodeJS.Timeout | undefined;
  #until = 0;
  #writing = false;

  /** Something is about to be started: to wait begins now, beside the other preparations. */
  expect(): void {
    this.#until = performance.now() + LINGER_MS;
    if (this.#timer) return;
    // Anew each time: whoever moved us meanwhile must not find us back where we were.
    const fd = openOwnCgroup();
    if (fd === undefined) return;
    this.#timer = setInterval(() => this.#keep(fd), INTERVAL_MS).unref();
    this.#keep(fd);
  }

  #keep(fd: number): void {
    if (this.#writing) return;
    if (performance.now() > this.#until) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      closeSync(fd);
      return;
    }
    this.#writing = true;
    // A failure costs nothing but the time that was to be saved.
    write(fd, this.#pid, () => {
      this.#writing = false;
    });
  }

  /** Ends at the next turn; the timer keeps no process running. */
  [Symbol.dispose](): void {
    this.#until = 0;
  }
}

/** `cgroup.procs` of this process in any hierarchy (cgroups(7)); undefined where it cannot be written. */
function openOwnCgroup(): number | undefined {
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n')) {
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    try {
      return openSync(join(CGROUP_ROOT, controllers.replace(/^name=/, ''), path, 'cgroup.procs'), 'w');
    } catch {
      // Not mounted here, or not ours to write.
    }
  }
  return undefined;
}
