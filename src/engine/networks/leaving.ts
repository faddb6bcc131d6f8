import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import type { Records } from '#store';
import type { NetworkRecord } from './record.ts';

/** Who removes a network often makes another right away, which would have to wait. Milliseconds. */
const PAUSE_MS = 250;

/**
 * Networks that are removed as far as anybody can see, and whose links the kernel has still to delete. It takes some
 * 40 ms for each, in which nothing else of the host's network can be changed: many of them at once go one after the
 * other, in the background. They are on record until then, so that the next life of the engine goes on with them.
 */
export class Leaving {
  readonly #records: Records<NetworkRecord>;
  readonly #destroy: (network: NetworkRecord) => Promise<void>;
  readonly #log: Logger;
  /** By id, in the order they go. */
  readonly #waiting = new Map<
    string,
    { readonly network: NetworkRecord; readonly gone: PromiseWithResolvers<void> }
  >();
  #running: Promise<void> | undefined;
  /** Somebody waits for one of them. */
  #hurry = Promise.withResolvers<void>();
  #deadline = Number.POSITIVE_INFINITY;

  constructor(options: {
    records: Records<NetworkRecord>;
    destroy: (network: NetworkRecord) => Promise<void>;
    log: Logger;
  }) {
    this.#records = options.records;
    this.#destroy = options.destroy;
    this.#log = options.log;
  }

  /** What an earlier life of the engine has left to do. */
  resume(): void {
    for (const { record } of this.#records.all()) void this.#begin(record);
  }

  /** Puts a network on record as leaving: in the transaction that forgets it. Then `go` or `later` is to be called. */
  note(network: NetworkRecord): void {
    this.#records.put(network.id, network);
  }

  /** Begins with it when there is time. One that is not on record is fine. */
  later({ id }: NetworkRecord): void {
    const network = this.#records.get(id);
    if (network && !this.#waiting.has(id)) void this.#begin(network);
  }

  /** Resolves when its links are gone, or never will be. One that is not on record is fine. */
  async go({ id }: NetworkRecord): Promise<void> {
    const network = this.#records.get(id);
    if (!network) return;
    const gone = this.#waiting.get(id)?.gone.promise ?? this.#begin(network);
    this.#hurry.resolve();
    await gone;
  }

  /** Who wants to make a link of that name waits until the former one has gone. */
  async cleared(link: string | undefined): Promise<void> {
    const former = [...this.#waiting.values()].filter(({ network }) => network.bridge?.name === link);
    await Promise.all(former.map(({ network }) => this.go(network)));
  }

  /** Resolves when all are gone, or after so many milliseconds; what has not begun then is left to the next life. */
  async close(patience: number): Promise<void> {
    this.#deadline = performance.now() + patience;
    this.#hurry.resolve();
    await this.#running;
  }

  #begin(network: NetworkRecord): Promise<void> {
    const gone = Promise.withResolvers<void>();
    this.#waiting.set(network.id, { network, gone });
    this.#running ??= this.#run();
    return gone.promise;
  }

  async #run(): Promise<void> {
    await Promise.race([this.#hurry.promise, sleep(PAUSE_MS, undefined, { ref: false })]);
    for (const [id, { network, gone }] of this.#waiting) {
      if (performance.now() > this.#deadline) break;
      try {
        await this.#destroy(network);
      } catch (error) {
        this.#log.warn('could not delete what a removed network had', {
          network: network.name,
          error: messageOf(error),
        });
      }
      this.#records.delete(id);
      this.#waiting.delete(id);
      gone.resolve();
    }
    this.#running = undefined;
    this.#hurry = Promise.withResolvers();
  }
}
