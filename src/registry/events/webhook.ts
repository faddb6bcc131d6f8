import { createHash, createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { matches } from '../content/pattern.ts';
import type { Records } from '../storage/index.ts';
import type { RegistryEvent } from './event.ts';

export interface WebhookOptions {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Signs what is sent: `X-Berth-Signature: sha256=<hex>`. */
  readonly secret?: string | undefined;
  readonly actions?: readonly RegistryEvent['action'][] | undefined;
  /** Patterns; all repositories without them. */
  readonly repositories?: readonly string[] | undefined;
}

const TYPE = 'application/vnd.docker.distribution.events.v1+json';
const PATIENCE_MS = 10_000;
const MOST_WAITING = 10_000;
const LONGEST_PAUSE_MS = 5 * 60 * 1000;
const AT_ONCE = 50;

/**
 * Tells a receiver what happens, in order, at least once. What waits for it is on the disk before the client that
 * caused it has its answer, and outlives the process.
 */
export class Webhook implements AsyncDisposable {
  readonly #options: WebhookOptions;
  readonly #records: Records;
  readonly #log: Logger;
  readonly #collection: readonly [string, string];
  readonly #ending = new AbortController();
  readonly #firstPause: number;
  #last = 0;
  #waiting = 0;
  #delivering: Promise<void> = Promise.resolve();
  #busy = false;

  /** @param firstPause milliseconds before what failed is sent again; doubled each time */
  constructor(options: WebhookOptions, records: Records, log: Logger, firstPause = 1000) {
    this.#options = options;
    this.#records = records;
    this.#log = log;
    this.#firstPause = firstPause;
    const name = createHash('sha256').update(options.url).digest('hex').slice(0, 16);
    this.#collection = ['events', name];
  }

  /** Goes on with what an earlier life left. */
  async start(): Promise<void> {
    this.#waiting = (await this.#records.list(this.#collection)).length;
    this.#wake();
  }

  async add(event: RegistryEvent): Promise<void> {
    const { actions, repositories = ['*'] } = this.#options;
    if (actions && !actions.includes(event.action)) return;
    if (!repositories.some((pattern) => matches(pattern, event.target.repository))) return;
    if (this.#waiting >= MOST_WAITING) {
      this.#log.error('a webhook is too far behind: an event is dropped', { url: this.#options.url, event });
      return;
    }
    // In the order of their names, also after a restart with the clock set back a little.
    this.#last = Math.max(Date.now(), this.#last + 1);
    const key = `${String(this.#last).padStart(16, '0')}-${event.id}`;
    await this.#records.put([...this.#collection, key], Buffer.from(JSON.stringify(event)));
    this.#waiting++;
    this.#wake();
  }

  #wake(): void {
    if (this.#busy || this.#waiting === 0) return;
    this.#busy = true;
    this.#delivering = this.#deliver().finally(() => {
      this.#busy = false;
    });
  }

  async #deliver(): Promise<void> {
    let failures = 0;
    while (!this.#ending.signal.aborted) {
      try {
        const keys = await this.#records.list(this.#collection, { limit: AT_ONCE });
        this.#waiting = Math.max(keys.length, this.#waiting);
        if (keys.length === 0) {
          this.#waiting = 0;
          return;
        }
        await this.#send(await this.#read(keys));
        for (const key of keys) await this.#records.delete([...this.#collection, key]);
        this.#waiting -= keys.length;
        failures = 0;
      } catch (error) {
        if (this.#ending.signal.aborted) return;
        const pause = Math.min(LONGEST_PAUSE_MS, this.#firstPause * 2 ** failures++);
        this.#log.warn('a webhook fails', { url: this.#options.url, error: messageOf(error), again: pause });
        await sleep(pause, undefined, { signal: this.#ending.signal, ref: false }).catch(() => {});
      }
    }
  }

  async #read(keys: readonly string[]): Promise<unknown[]> {
    const contents = await Promise.all(keys.map((key) => this.#records.get([...this.#collection, key])));
    return contents.flatMap((content) => (content ? [JSON.parse(content.toString()) as unknown] : []));
  }

  async #send(events: readonly unknown[]): Promise<void> {
    const { url, headers, secret } = this.#options;
    const body = JSON.stringify({ events });
    const signature = secret && createHmac('sha256', secret).update(body).digest('hex');
    const response = await fetch(url, {
      method: 'POST',
      body,
      redirect: 'error',
      headers: {
        'content-type': TYPE,
        ...headers,
        ...(signature && { 'x-berth-signature': `sha256=${signature}` }),
      },
      signal: AbortSignal.any([this.#ending.signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the receiver answers ${response.status}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#delivering;
  }
}
