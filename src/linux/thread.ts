import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { BerthError, type ErrorKind, messageOf, unavailable } from '#lib/errors';
import { SystemError } from './errno.ts';

/** What a thread can do: named functions of plain data, synchronous so that nothing interleaves within one. */
export type Handlers = Record<string, (...args: never[]) => unknown>;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}
type Reply = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: PlainError });

type PlainError =
  | {
      readonly type: 'system';
      call: string;
      args: readonly string[];
      errno: number;
      code: string;
      detail?: string;
    }
  | { readonly type: 'berth'; kind: ErrorKind; message: string }
  | { readonly type: 'other'; message: string; code?: string };

/** An error class does not survive postMessage: it travels as data and is built again. */
function toPlain(error: unknown): PlainError {
  if (error instanceof SystemError) {
    const { call, args, errno, code, detail } = error;
    return { type: 'system', call, args, errno, code, ...(detail === undefined ? {} : { detail }) };
  }
  if (error instanceof BerthError) return { type: 'berth', kind: error.kind, message: error.message };
  const code = error instanceof Error && 'code' in error ? { code: String(error.code) } : {};
  return { type: 'other', message: messageOf(error), ...code };
}

function fromPlain(plain: PlainError): Error {
  switch (plain.type) {
    case 'system':
      return new SystemError(plain.call, plain.args, plain.errno, plain.code, plain.detail);
    case 'berth':
      return new BerthError(plain.kind, plain.message);
    case 'other':
      return Object.assign(new Error(plain.message), plain.code === undefined ? {} : { code: plain.code });
  }
}

/** In the thread: answers calls one after the other, in the order they were made. */
export function serve(handlers: Handlers): void {
  if (isMainThread || !parentPort) throw new Error('this file is a worker thread, not a module');
  const port = parentPort;
  port.on('message', (request: Request | 'end') => {
    // Of this thread only.
    if (request === 'end') process.exit();
    const { id, name, args } = request;
    let reply: Reply;
    try {
      const handler = handlers[name];
      if (!handler) throw new Error(`no such call: ${name}`);
      reply = { id, value: handler(...(args as never[])) };
    } catch (error) {
      reply = { id, failure: toPlain(error) };
    }
    port.postMessage(reply);
  });
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * A worker thread and typed calls to it. It keeps the process running only while a call is under
 * way. Failures arrive as the errors they were; when the thread ends, every call fails.
 */
export class Thread<H extends Handlers> implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #ended: Error | undefined;

  /**
   * `from` is the caller's `import.meta.url`: `name` lies beside it with the same extension, in the
   * sources as well as in a bundle.
   */
  constructor(from: string, name: string) {
    const extension = /\.\w+$/.exec(from)?.[0] ?? '.js';
    this.#worker = new Worker(new URL(`./${name}${extension}`, from), {
      name,
      // A few hundred kilobytes are used; without a limit V8 reserves for much more.
      resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(unavailable(`the thread ${name} has ended`)));
  }

  call<K extends keyof H & string>(name: K, ...args: Parameters<H[K]>): Promise<ReturnType<H[K]>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      if (this.#pending.size === 0) this.#worker.ref();
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#worker.postMessage({ id, name, args } satisfies Request);
    });
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if ('failure' in reply) pending?.reject(fromPlain(reply.failure));
    else pending?.resolve(reply.value);
  }

  #end(reason: unknown): void {
    this.#ended ??= unavailable(messageOf(reason), reason);
    for (const pending of this.#pending.values()) pending.reject(this.#ended);
    this.#pending.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const running = this.#ended === undefined;
    this.#ended ??= unavailable('the thread was closed');
    if (!running) return;
    // Not terminated from here: that aborts the whole process if it hits the thread while it loads native code.
    const exited = once(this.#worker, 'exit');
    this.#worker.ref();
    this.#worker.postMessage('end');
    await exited;
  }
}
