import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, systemError } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { LogConfig } from '../config.ts';
import { FORWARDING_DRIVERS } from '../drivers/index.ts';
import type { LogSource } from '../source.ts';
import { Forwarder } from './forward.ts';

/** Docker's: how long the end of a container waits for its log to be delivered, in milliseconds. */
const CLOSE_PATIENCE = 10_000;

interface Delivery {
  readonly forwarder: Forwarder;
  readonly stop: AbortController;
  readonly ended: AbortSignal;
  /** Of its end, in the clock of `performance`. */
  endedAt: number | undefined;
  readonly done: Promise<void>;
}

export interface ForwardRequest {
  readonly id: string;
  /** Of the live file. */
  readonly path: string;
  readonly config: LogConfig;
  readonly source: LogSource;
}

/** Delivers the logs of all containers whose driver has a receiver. */
export class LogForwarding implements AsyncDisposable {
  readonly #log: Logger;
  readonly #deliveries = new Map<string, Delivery>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Makes sure before a start that the receiver is there, where that can be told.
   * @throws system `failed to initialize logging driver: ...`
   */
  async probe(config: LogConfig, source: LogSource): Promise<void> {
    const driver = FORWARDING_DRIVERS.get(config.driver);
    if (!driver) return;
    try {
      const sink = driver.open(config.options, source);
      try {
        await sink.connect(new AbortController().signal);
      } finally {
        await sink.disconnect();
      }
    } catch (error) {
      throw systemError(`failed to initialize logging driver: ${messageOf(error)}`, error);
    }
  }

  /** Delivers a container's log until `ended` aborts and all of it is delivered. Later runs go on where earlier ones were. */
  add({ id, path, config, source }: ForwardRequest, ended: AbortSignal): void {
    const before = this.#deliveries.get(id);
    const stop = before?.stop ?? new AbortController();
    const start = async () => {
      await before?.done;
      if (!stop.signal.aborted) await forwarder.run(ended, stop.signal);
    };
    const forwarder = before?.forwarder ?? new Forwarder({ path, config, source, log: this.#log });
    const done = start().catch((error: unknown) => {
      this.#log.error('the log of a container is not delivered any more', {
        container: id,
        error: messageOf(error),
      });
    });
    const delivery: Delivery = { forwarder, stop, ended, endedAt: undefined, done };
    const note = () => {
      delivery.endedAt = performance.now();
    };
    if (ended.aborted) note();
    else ended.addEventListener('abort', note, { once: true });
    this.#deliveries.set(id, delivery);
  }

  /** The forwarder of a container, which knows how far its log has been delivered. */
  of(id: string): Pick<Forwarder, 'resume'> | undefined {
    return this.#deliveries.get(id)?.forwarder;
  }

  /** Resolves when the log of a container that has ended is delivered, or has had its time. */
  async settle(id: string): Promise<void> {
    const delivery = this.#deliveries.get(id);
    if (!delivery) return;
    const left = (delivery.endedAt ?? performance.now()) + CLOSE_PATIENCE - performance.now();
    const settled = new AbortController();
    const timedOut = sleep(Math.max(0, left), 'late', { signal: settled.signal }).catch(() => 'settled');
    if ((await Promise.race([delivery.done, timedOut])) === 'late')
      this.#log.warn('the receiver did not take a log in time: its end may be missing', { container: id });
    settled.abort();
  }

  /** What has not been delivered by now is for nobody. */
  async remove(id: string): Promise<void> {
    const delivery = this.#deliveries.get(id);
    if (!delivery) return;
    this.#deliveries.delete(id);
    delivery.stop.abort();
    await delivery.done;
  }

  /** What has not been delivered is delivered by the next engine. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#deliveries.keys()].map((id) => this.remove(id)));
  }
}
