import { closeSync, constants, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { conflict } from '#lib/errors';
import { tryLock } from '#linux/files';
import { readStat } from '#linux/proc';

/** Milliseconds for which a lock may outlive its owner. */
const PATIENCE = 5000;
/** Digits of the largest pid (pid_max is at most 2^22). */
const PID_WIDTH = 7;

/**
 * Takes a root for this process. The kernel gives it back when the process ends, however that happens.
 * @throws conflict naming the owner
 */
export async function lockRoot(root: string): Promise<Disposable> {
  mkdirSync(root, { recursive: true, mode: 0o711 });
  const path = join(root, 'engine.lock');
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  const deadline = Date.now() + PATIENCE;
  while (!tryLock(descriptor)) {
    const owner = readFileSync(path, 'utf8').trim();
    // One that was killed leaves its descriptors to a child that had not come to its exec yet.
    if (owner !== '' && isDead(Number(owner)) && Date.now() < deadline) {
      await sleep(10);
      continue;
    }
    closeSync(descriptor);
    throw conflict(
      `${root} is in use by another engine${owner ? ` (process ${owner})` : ''}: stop that one, or use other roots (--data-root, --exec-root)`,
    );
  }
  // Written over, never truncated: on a full disk an empty file would get no block again.
  writeSync(descriptor, `${String(process.pid).padEnd(PID_WIDTH)}\n`, 0);
  return { [Symbol.dispose]: () => closeSync(descriptor) };
}

function isDead(pid: number): boolean {
  const stat = readStat(pid);
  return stat === undefined || stat.state === 'Z' || stat.state === 'X';
}
