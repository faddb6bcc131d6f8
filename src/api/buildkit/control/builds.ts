import { conflict, notFound } from '#lib/errors';
import { Arrivals } from '../session/arrivals.ts';
import { StatusLog } from './status-log.ts';
import type { SteeredBuild } from './steered-build.ts';

/** Milliseconds that a call waits for the build that it is about: both are sent at the same time. */
const PATIENCE = 5_000;
/** Builds that have ended whose progress can still be looked at. */
const REMEMBERED = 20;

/** Builds by the ids that their clients chose. */
export class SteeredBuilds {
  readonly #running = new Arrivals<SteeredBuild>('the build', PATIENCE);
  readonly #logs = new Arrivals<StatusLog>('the build', PATIENCE);
  /** Those that have ended, the first one first. */
  readonly #ended: string[] = [];

  /** A new one's progress. @throws conflict */
  begin(ref: string): StatusLog {
    if (this.#logs.has(ref)) throw conflict(`build ${ref} exists already`);
    const log = new StatusLog();
    this.#logs.put(ref, log);
    return log;
  }

  started(ref: string, build: SteeredBuild): void {
    this.#running.put(ref, build);
  }

  ended(ref: string): void {
    this.#running.delete(ref);
    this.#ended.push(ref);
    for (const old of this.#ended.splice(0, this.#ended.length - REMEMBERED)) this.#logs.delete(old);
  }

  knows(ref: string): boolean {
    return this.#logs.has(ref);
  }

  /** @throws notFound when it has ended, unavailable when it does not come */
  async get(ref: string, signal: AbortSignal): Promise<SteeredBuild> {
    if (this.#ended.includes(ref)) throw notFound(`build ${ref} has ended`);
    return await this.#running.get(ref, signal);
  }

  /** @throws unavailable when it does not come */
  log(ref: string, signal: AbortSignal): Promise<StatusLog> {
    return this.#logs.get(ref, signal);
  }
}
