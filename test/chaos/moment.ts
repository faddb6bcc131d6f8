import { type ChildProcess, spawn } from 'node:child_process';
import { type FSWatcher, readdirSync, watch } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Daemon } from '../fixtures/daemon.ts';
import type { Random } from './random.ts';

/** When the daemon is killed: `describe` is enough to choose the same again. */
export interface Moment {
  readonly describe: string;
  /** Calls `kill` once, at that moment of what starts now; `acknowledged` resolves when the verb is through. */
  arm(kill: () => void, acknowledged: Promise<unknown>): Disposable;
  /** What has to be done before the verb starts. */
  prepare?(): Promise<void>;
}

/** After some time, in milliseconds. */
export function afterDelay(delay: number): Moment {
  return {
    describe: `after ${delay.toFixed(1)} ms`,
    arm(kill) {
      const timer = setTimeout(kill, delay);
      return { [Symbol.dispose]: () => clearTimeout(timer) };
    },
  };
}

/** At the very moment at which the client has its answer. */
export const onAnswer: Moment = {
  describe: 'on the answer',
  arm(kill, acknowledged) {
    acknowledged.then(kill, () => {});
    return { [Symbol.dispose]: () => {} };
  },
};

/** Directories whose changes are the steps of the verbs: what is written there is what a kill may cut in two. */
const WATCHED = [
  'exec/bundles',
  'exec/exits',
  'exec/netns',
  'exec/runtime',
  'exec/stage',
  'data',
  'data/containers',
  'data/content/blobs/sha256',
  'data/content/ingest',
  'data/content/tmp',
  'data/snapshots/ids',
  'data/snapshots/layers',
  'data/snapshots/trash',
  'data/volumes',
];

/** At the `n`th change that the verb makes below the roots (inotify(7)). */
export function onChange(daemon: Daemon, n: number): Moment {
  return {
    describe: `on change ${n}`,
    arm(kill, acknowledged) {
      let seen = 0;
      const notice = () => void (++seen === n && kill());
      const watchers = WATCHED.map((path) => tryWatch(join(daemon.root, path), notice));
      // It made fewer.
      acknowledged.then(kill, () => {});
      return { [Symbol.dispose]: () => watchers.forEach((watcher) => watcher?.close()) };
    },
  };
}

function tryWatch(path: string, notice: () => void): FSWatcher | undefined {
  try {
    return watch(path, notice);
  } catch {
    return undefined;
  }
}

/** Calls that change what is outside the process. */
const CALLS = [
  'chmod,fchmod,chown,fchown,ftruncate,link,linkat,mkdir,mkdirat,mknod,mknodat,open,openat,rename,renameat,renameat2',
  'rmdir,symlink,symlinkat,unlink,unlinkat,fsync,fdatasync,sync_file_range',
  'fsconfig,fsmount,mount,mount_setattr,move_mount,open_tree,umount2,setns,unshare',
  'bind,listen,sendmsg,sendto,write,writev,pwrite64,pwritev,vfork,clone,clone3,pidfd_send_signal,kill',
].join();

/** At the `n`th such call of any thread, before the kernel acts on it: strace(1) sends the signal. */
export function onCall(daemon: Daemon, n: number): Moment {
  let tracer: ChildProcess | undefined;
  return {
    describe: `on system call ${n}`,
    async prepare() {
      const flags = [
        '-f',
        '-b',
        'execve',
        '-o',
        '/dev/null',
        '-e',
        `trace=${CALLS}`,
        '-e',
        `inject=${CALLS}:signal=SIGKILL:when=${n}`,
      ];
      const options = { stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'] };
      const started = spawn('strace', [...flags, '-p', String(daemon.pid)], options);
      tracer = started;
      const threads = readdirSync(`/proc/${daemon.pid}/task`).length;
      let attached = 0;
      for await (const line of createInterface(started.stderr)) {
        attached += /attached/.test(line) ? Number(/with (\d+) threads/.exec(line)?.[1] ?? 1) : 0;
        if (attached >= threads) break;
      }
    },
    arm(kill, acknowledged) {
      // It made fewer.
      acknowledged.then(kill, () => {});
      return { [Symbol.dispose]: () => void tracer?.kill('SIGKILL') };
    },
  };
}

/** `usual`: milliseconds that the verb took the last times. */
export function drawMoment(random: Random, daemon: Daemon, usual: number): Moment {
  if (process.env['BERTH_CHAOS_CALLS'])
    return onCall(daemon, 1 + random.below(Number(process.env['BERTH_CHAOS_CALLS'])));
  const kind = random.next();
  if (kind < 0.15) return onAnswer;
  if (kind < 0.5) return onChange(daemon, 1 + random.below(12));
  return afterDelay(random.next() * usual * 1.2);
}
