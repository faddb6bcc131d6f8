import type { RestartPolicy } from './record.ts';

/** The delay before the first restart, and after a run that lasted. Milliseconds. */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 60_000;
/** A run of this many milliseconds counts as a success: the back-off begins anew. */
const LASTING_RUN = 10_000;

export interface Ending {
  readonly exitCode: number;
  readonly stoppedByUser: boolean;
  /** Restarts by policy since the last start by a user. */
  readonly restartCount: number;
}

/** After an exit: does the policy start the container again? */
export function restartsAfterExit(policy: RestartPolicy, ending: Ending): boolean {
  if (ending.stoppedByUser) return false;
  switch (policy.name) {
    case 'always':
    case 'unless-stopped':
      return true;
    case 'on-failure':
      return failed(policy, ending);
    case 'no':
      return false;
  }
}

/** When the daemon starts and finds the container down: `always` comes back even if a user stopped it. */
export function restartsWithDaemon(policy: RestartPolicy, ending: Ending): boolean {
  switch (policy.name) {
    case 'always':
      return true;
    case 'unless-stopped':
      return !ending.stoppedByUser;
    case 'on-failure':
      return !ending.stoppedByUser && failed(policy, ending);
    case 'no':
      return false;
  }
}

const failed = (policy: RestartPolicy, { exitCode, restartCount }: Ending): boolean =>
  exitCode !== 0 && (policy.maximumRetryCount === 0 || restartCount < policy.maximumRetryCount);

/** Milliseconds to wait: 100 ms, doubling up to a minute; back to 100 ms after a run of 10 s. */
export function nextDelay(previous: number | undefined, runTime: number): number {
  if (previous === undefined || runTime >= LASTING_RUN) return FIRST_DELAY;
  return Math.min(previous * 2, LONGEST_DELAY);
}

/** The restarts that are due, by container, and how long each had to wait last time. */
export class Restarts {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #delays = new Map<string, number>();

  /** Milliseconds that the next restart of this container has to wait. */
  delay(id: string, runTime: number): number {
    const delay = nextDelay(this.#delays.get(id), runTime);
    this.#delays.set(id, delay);
    return delay;
  }

  schedule(id: string, delay: number, restart: () => void): void {
    this.cancel(id);
    const fire = () => {
      this.#timers.delete(id);
      restart();
    };
    this.#timers.set(id, setTimeout(fire, delay));
  }

  cancel(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }

  /** A user started, stopped or removed it: the back-off begins anew. */
  reset(id: string): void {
    this.cancel(id);
    this.#delays.delete(id);
  }

  cancelAll(): void {
    for (const id of this.#timers.keys()) this.cancel(id);
  }
}
