import { getEnvironmentData, isMainThread, setEnvironmentData } from 'node:worker_threads';

/** Given on to every thread that is started after this module was loaded in its parent. */
const KEY = 'berth.nftables.turn';
const FREE = 0;
const TAKEN = 1;

const turn = new Int32Array(shared());

function shared(): SharedArrayBuffer {
  const known = getEnvironmentData(KEY);
  if (known instanceof SharedArrayBuffer) return known;
  const fresh = new SharedArrayBuffer(4);
  if (isMainThread) setEnvironmentData(KEY, fresh);
  return fresh;
}

/**
 * Runs `work` while no other thread of this process is in libnftables, which keeps part of its state in global
 * variables. Waits for its turn, so nothing slow belongs in here.
 */
export function inTurn<T>(work: () => T): T {
  while (Atomics.compareExchange(turn, 0, FREE, TAKEN) !== FREE) Atomics.wait(turn, 0, TAKEN);
  try {
    return work();
  } finally {
    Atomics.store(turn, 0, FREE);
    Atomics.notify(turn, 0, 1);
  }
}
