import { setTimeout as sleep } from 'node:timers/promises';
import { cancelled } from '#lib/errors';

/** Waits before another attempt. @throws cancelled */
export async function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { ...(signal && { signal }) });
  } catch {
    throw cancelled();
  }
}

/** Twice as long for each attempt that failed already. */
export const backOff = (delay: number, attempt: number): number => delay * 2 ** (attempt - 1);

/** A quarter longer at most: others failed at the same moment, and should not come back at the same. */
export const spread = (milliseconds: number): number => milliseconds * (1 + Math.random() / 4);
