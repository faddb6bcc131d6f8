import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { LogConfig } from '../config.ts';
import { PATIENT, type Sink } from '../drivers/driver.ts';
import { FORWARDING_DRIVERS } from '../drivers/index.ts';
import type { LogSource } from '../source.ts';
import { LogFollower } from './follow.ts';
import type { Outgoing, Resume } from './messages.ts';
import { PositionFile } from './position.ts';

export interface ForwardOptions {
  /** Of the live file. */
  readonly path: string;
  readonly config: LogConfig;
  readonly source: LogSource;
  readonly log: Logger;
}

export const positionPath = (logPath: string): string => `${logPath}.position`;

/** Delivers one container's log. */
export class Forwarder {
  readonly #options: ForwardOptions;
  readonly #position: PositionFile;
  #resume: Resume | undefined;
  #sink: Sink | undefined;
  /** Failures in a row. */
  #failures = 0;

  constructor(options: ForwardOptions) {
    this.#options = options;
    this.#position = new PositionFile(positionPath(options.path));
    this.#resume = this.#position.read();
  }

  /** How far it has been delivered; undefined: nobody knows of anything that was. */
  get resume(): Resume | undefined {
    return this.#resume;
  }

  /** Resolves when the container has ended and all of its log is delivered, or when the signal aborts. */
  async run(ended: AbortSignal, signal: AbortSignal): Promise<void> {
    const { path, source } = this.#options;
    const onGap = () => this.#warn('a part of the log was removed before it could be delivered');
    const follower = new LogFollower({ path, container: source.id, from: this.#resume, onGap });
    try {
      for await (const batch of follower.batches(ended, signal)) await this.#deliver(batch, signal);
    } finally {
      await this.#sink?.disconnect();
      this.#position[Symbol.dispose]();
    }
  }

  async #deliver(batch: readonly Outgoing[], signal: AbortSignal): Promise<void> {
    let done = 0;
    const delivered = (count: number) => {
      done += count;
      this.#delivered(batch[done - 1]);
    };
    while (done < batch.length && !signal.aborted) {
      try {
        await this.#open().send(batch.slice(done), delivered, signal);
      } catch (error) {
        if (signal.aborted) return;
        if (await this.#retries(error, signal)) continue;
        this.#warn(`${batch.length - done} lines of the log are given up: the receiver is away for too long`);
        this.#note(batch.at(-1));
        return;
      }
    }
  }

  #open(): Sink {
    const { config, source } = this.#options;
    const driver = FORWARDING_DRIVERS.get(config.driver);
    if (!driver) throw new Error(`there is no log driver ${config.driver}`);
    this.#sink ??= driver.open(config.options, source);
    return this.#sink;
  }

  #delivered(last: Outgoing | undefined): void {
    if (this.#failures > 0) this.#options.log.info('the log of a container is delivered again', this.#fields);
    this.#failures = 0;
    this.#note(last);
  }

  #note(last: Outgoing | undefined): void {
    if (!last) return;
    this.#resume = last.resume;
    try {
      this.#position.write(last.resume);
    } catch (error) {
      this.#warn(`cannot note how far a log has been delivered: ${messageOf(error)}`);
    }
  }

  /** Waits for the time of the next attempt; false when there shall be none. */
  async #retries(error: unknown, signal: AbortSignal): Promise<boolean> {
    if (this.#failures++ === 0) this.#warn(`cannot deliver the log of a container: ${messageOf(error)}`);
    await this.#sink?.disconnect();
    const retry = this.#sink?.retry ?? PATIENT;
    if (this.#failures > retry.attempts) return false;
    try {
      await sleep(retry.delay(this.#failures), undefined, { signal, ref: false });
    } catch {
      // Aborted: the caller sees it.
    }
    return true;
  }

  #warn(message: string): void {
    this.#options.log.warn(message, this.#fields);
  }

  get #fields() {
    const { config, source } = this.#options;
    return { container: source.id, driver: config.driver };
  }
}
