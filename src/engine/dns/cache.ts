import { TYPE } from './message/codes.ts';
import { listRecords, timeToLive } from './message/records.ts';

interface Entry {
  readonly message: Buffer;
  /** Offsets of the times to live. */
  readonly ttls: readonly number[];
  /** Milliseconds, on the caller's clock. */
  readonly stored: number;
  readonly expires: number;
}

/** Seconds. Whatever its records say, nothing is kept longer. */
const LONGEST = 300;
const LONGEST_NEGATIVE = 30;

/** What an entry costs beside its message: keys, objects, table slots. */
const OVERHEAD = 300;

/** Bytes that all caches of a thread together may use, and what they use. */
export class CacheBudget {
  used = 0;
  readonly limit: number;
  /** Of one cache. */
  readonly share: number;

  constructor(limit: number, share: number) {
    this.limit = limit;
    this.share = share;
  }
}

/** Answers of upstreams, negative ones too. Each container has its own: what it makes of its network's answers is its own business. */
export class Cache {
  readonly #budget: CacheBudget;
  /** The least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #used = 0;

  constructor(budget: CacheBudget) {
    this.#budget = budget;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The message with its times to live counted down. */
  get(key: string, now: number): Buffer | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (now >= entry.expires) {
      this.#forget(entry);
      return undefined;
    }
    this.#entries.set(key, entry);
    const age = Math.floor((now - entry.stored) / 1000);
    const message = Buffer.from(entry.message);
    for (const at of entry.ttls) message.writeUInt32BE(Math.max(0, message.readUInt32BE(at) - age), at);
    return message;
  }

  /** Keeps a message, if it may be kept. `questionEnd`: offset behind its question. */
  put(key: string, message: Buffer, questionEnd: number, now: number): void {
    const records = listRecords(message, questionEnd) ?? [];
    const positive = records.some(({ section }) => section === 'answer');
    const ttl = Math.min(timeToLive(message, records), positive ? LONGEST : LONGEST_NEGATIVE);
    if (ttl <= 0) return;
    const entry: Entry = {
      message: Buffer.from(message),
      ttls: records.filter(({ type }) => type !== TYPE.OPT).map(({ ttlAt }) => ttlAt),
      stored: now,
      expires: now + ttl * 1000,
    };
    const cost = costOf(entry);
    const former = this.#entries.get(key);
    if (former) this.#drop(key, former);
    if (!this.#makeRoom(cost)) return;
    this.#entries.set(key, entry);
    this.#used += cost;
    this.#budget.used += cost;
  }

  /** Forgets what has expired. */
  prune(now: number): void {
    for (const [key, entry] of this.#entries) if (now >= entry.expires) this.#drop(key, entry);
  }

  clear(): void {
    this.#budget.used -= this.#used;
    this.#used = 0;
    this.#entries.clear();
  }

  /** Nobody's entries but our own give way: a container cannot empty another's cache. */
  #makeRoom(cost: number): boolean {
    const { limit, share } = this.#budget;
    for (const [key, entry] of this.#entries) {
      if (this.#used + cost <= share && this.#budget.used + cost <= limit) return true;
      this.#drop(key, entry);
    }
    return cost <= share && this.#budget.used + cost <= limit;
  }

  #drop(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#forget(entry);
  }

  #forget(entry: Entry): void {
    this.#used -= costOf(entry);
    this.#budget.used -= costOf(entry);
  }
}

const costOf = ({ message, ttls }: Entry): number => message.length + 8 * ttls.length + OVERHEAD;
