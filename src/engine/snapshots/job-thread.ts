import { once } from 'node:events';
import { parentPort, Worker } from 'node:worker_threads';
import { systemError } from '#lib/errors';
import { packError, revive } from '#lib/job';

/** A thread costs 30 ms and some megabytes: it is kept for a burst of work, not for good. */
const IDLE_MS = 5000;

// biome-ignore lint: the concrete signatures are the caller's
type Jobs = Record<string, (...input: never[]) => unknown>;

interface Request {
  readonly id: number;
  readonly job: string;
  readonly input: readonly unknown[];
}
type Reply = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly failure: ReturnType<typeof packError> }
);

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A thread that does jobs of one kind, one after the other; started when there is something to do. */
export class JobThread<J extends Jobs> implements AsyncDisposable {
  readonly #script: URL;
  #thread: Worker | undefined;
  #lastId = 0;
  #idle: NodeJS.Timeout | undefined;
  readonly #waiting = new Map<number, Waiting>();

  /** `script` is the thread's file: it calls `serveJobs`. */
  constructor(script: URL) {
    this.#script = script;
  }

  do<K extends keyof J & string>(job: K, ...input: Parameters<J[K]>): Promise<ReturnType<J[K]>> {
    const thread = this.#start();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      thread.postMessage({ id, job, input } satisfies Request);
    });
  }

  /**
   * Ends the thread after the jobs that it has. It is not terminated: that aborts the whole process if it hits
   * the thread while it loads native code.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const thread = this.#thread;
    if (!thread) return;
    const exited = once(thread, 'exit');
    this.#letGo(thread);
    await exited;
  }

  #start(): Worker {
    clearTimeout(this.#idle);
    if (this.#thread) {
      this.#thread.ref();
      return this.#thread;
    }
    const thread = new Worker(this.#script);
    thread.on('message', (reply: Reply) => this.#settle(thread, reply));
    thread.on('error', (error) => this.#fail(thread, error));
    thread.on('exit', () => this.#fail(thread, systemError(`${this.#script.pathname} has ended`)));
    this.#thread = thread;
    return thread;
  }

  #settle(thread: Worker, reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('failure' in reply) waiting?.reject(revive(reply.failure));
    else waiting?.resolve(reply.result);
    if (this.#waiting.size > 0 || this.#thread !== thread) return;
    thread.unref();
    this.#idle = setTimeout(() => this.#letGo(thread), IDLE_MS).unref();
  }

  /** What is asked for from now on is another thread's. */
  #letGo(thread: Worker): void {
    clearTimeout(this.#idle);
    this.#thread = undefined;
    thread.ref();
    thread.postMessage('end');
  }

  #fail(thread: Worker, reason: unknown): void {
    if (this.#thread === thread) this.#thread = undefined;
    else if (this.#thread) return;
    const failed = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of failed) reject(reason instanceof Error ? reason : systemError(String(reason)));
  }
}

/** In the thread: answers requests until it is told to end. */
export function serveJobs(jobs: Jobs): void {
  const port = parentPort;
  if (!port) throw new Error('this file is a worker thread, not a module');
  port.on('message', (request: Request | 'end') => {
    if (request === 'end') {
      port.close();
      return;
    }
    const { id, job, input } = request;
    let reply: Reply;
    try {
      const work = jobs[job] as ((...input: readonly unknown[]) => unknown) | undefined;
      if (!work) throw new Error(`no such job: ${job}`);
      reply = { id, result: work(...input) };
    } catch (error) {
      reply = { id, failure: packError(error) };
    }
    port.postMessage(reply);
  });
}
