import { isMainThread, parentPort, type ResourceLimits, Worker } from 'node:worker_threads';
import { messageOf, unavailable } from '#lib/errors';
import { type PackedError, packError, unpackError } from '#lib/thread-error';

/** What a thread can do: named functions of plain data. One ends before the next begins. */
export type Handlers = Record<string, (...args: never[]) => unknown>;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}
type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: PackedError });

/** For threads that handle little data: without a limit V8 reserves for much more. */
export const SMALL: ResourceLimits = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 };

/** In the thread: does calls one after the other, in the order they were made. */
export function serve(handlers: Handlers): void {
  if (isMainThread || !parentPort) throw new Error('this file is a worker thread, not a module');
  const port = parentPort;
  let before: Promise<void> | undefined;
  port.on('message', (requests: readonly Request[] | 'end') => {
    before = (async (earlier) => {
      await earlier;
      // Of this thread only.
      if (requests === 'end') process.exit();
      const replies: Reply[] = [];
      for (const request of requests) replies.push(await answer(handlers, request));
      port.postMessage(replies);
    })(before);
  });
}

async function answer(handlers: Handlers, { id, name, args }: Request): Promise<Reply> {
  try {
    const handler = handlers[name];
    if (!handler) throw new Error(`no such call: ${name}`);
    return { id, value: await handler(...(args as never[])) };
  } catch (error) {
    return { id, failure: packError(error) };
  }
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * A worker thread and typed calls to it. It keeps the process running only while a call is under
 * way. Failures arrive with what they said (`unpackError`); when the thread ends, every call fails.
 */
export class Thread<H extends Handlers> implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #exited: Promise<unknown>;
  readonly #pending = new Map<number, Pending>();
  /** Calls of this turn: they travel together, for each message wakes a thread. */
  #outgoing: Request[] = [];
  #lastId = 0;
  #ended: Error | undefined;

  /** `script` is the thread's file: it calls `serve`. */
  constructor(script: URL, limits?: ResourceLimits) {
    this.#worker = new Worker(script, limits && { resourceLimits: limits });
    this.#worker.unref();
    this.#worker.on('message', (replies: readonly Reply[]) => {
      for (const reply of replies) this.#settle(reply);
    });
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(`the thread ${script.pathname} has ended`));
    this.#exited = new Promise((resolve) => this.#worker.once('exit', resolve));
  }

  /** Resolves when the thread has ended, for whatever reason. */
  get exited(): Promise<unknown> {
    return this.#exited;
  }

  /** Every further call fails. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  call<K extends keyof H & string>(name: K, ...args: Parameters<H[K]>): Promise<Awaited<ReturnType<H[K]>>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#pending.size === 0) this.#worker.ref();
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      if (this.#outgoing.length === 0) queueMicrotask(() => this.#send());
      this.#outgoing.push({ id, name, args });
    });
  }

  #send(): void {
    const requests = this.#outgoing;
    this.#outgoing = [];
    if (requests.length > 0) this.#worker.postMessage(requests);
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if ('failure' in reply) pending?.reject(unpackError(reply.failure));
    else pending?.resolve(reply.value);
  }

  #end(reason: unknown): void {
    this.#ended ??= unavailable(messageOf(reason), reason);
    for (const pending of this.#pending.values()) pending.reject(this.#ended);
    this.#pending.clear();
  }

  /** Waits for the calls that were made. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#ended = unavailable('the thread was closed');
    // Not terminated from here: that aborts the whole process if it hits the thread while it loads native code.
    this.#worker.ref();
    this.#send();
    this.#worker.postMessage('end');
    await this.#exited;
  }
}
