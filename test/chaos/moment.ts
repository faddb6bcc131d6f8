import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import type { Daemon } from '../fixtures/daemon.ts';
import type { Random } from './random.ts';

/** When the daemon is killed: `describe` is enough to choose the same again. */
export interface Moment {
  readonly describe: string;
  /** Calls `kill` once, at that moment of what starts now; `acknowledged` resolves when the verb is through. */
  arm(kill: () => void, acknowledged: Promise<unknown>): Disposable;
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

/** `usual`: milliseconds that the verb took the last times. */
export function drawMoment(random: Random, daemon: Daemon, usual: number): Moment {
  const kind = random.next();
  if (kind < 0.15) return onAnswer;
  if (kind < 0.5) return onChange(daemon, 1 + random.below(12));
  return afterDelay(random.next() * usual * 1.2);
}
