const INTERVAL_MS = 5_000;
/** Processor time within an interval: a daemon that used less does nothing that anybody waits for. */
const REST_MS = 50;
/** Processor time since the last rest: after less there is nothing to tidy. */
const WORK_MS = 250;

/** Tells, from the processor time that the process has used so far, when it comes to rest after work. */
export class Rest {
  #before: number;
  #atLastRest: number;

  /** Milliseconds, of all threads. */
  constructor(used: number) {
    this.#before = used;
    this.#atLastRest = used;
  }

  /** To be asked at intervals. True: now. */
  comes(used: number): boolean {
    const rests = used - this.#before < REST_MS && used - this.#atLastRest >= WORK_MS;
    this.#before = used;
    if (rests) this.#atLastRest = used;
    return rests;
  }
}

/**
 * Calls `tidy` whenever this process has worked and now rests, whatever its work was: requests, health checks, names.
 * The timer keeps no process running.
 */
export function whenAtRest(tidy: () => void): Disposable {
  const rest = new Rest(processorTime());
  const timer = setInterval(() => {
    if (rest.comes(processorTime())) tidy();
  }, INTERVAL_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
