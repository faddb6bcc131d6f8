import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryLock } from '#linux/files';

/** Milliseconds. A turn is over within a few; one that was stopped (SIGSTOP) in its turn must not stop the others. */
const PATIENCE = 5000;
const INTERVAL = 2;

/**
 * Engines of one host choose blocks of addresses one after the other: each sees those that the former took. The
 * lock is on the network namespace itself, so it needs no file, and goes when its holder does.
 */
export async function hostTurn(): Promise<Disposable> {
  const namespace = openSync('/proc/self/ns/net', 'r');
  for (let waited = 0; !tryLock(namespace) && waited < PATIENCE; waited += INTERVAL) await sleep(INTERVAL);
  return { [Symbol.dispose]: () => closeSync(namespace) };
}
