import { Worker } from 'node:worker_threads';
import { systemError } from '#lib/errors';
import { revive } from '#lib/job';
import type { TreeJobs } from './tree-jobs.ts';
import type { TreeReply, TreeRequest } from './tree-thread.ts';

/** A thread costs 30 ms and some megabytes: it is kept for a burst of work, not for good. */
const IDLE_MS = 5000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** The tree thread, started when there is something to do. */
export class Trees implements AsyncDisposable {
  #thread: Worker | undefined;
  #lastId = 0;
  #idle: NodeJS.Timeout | undefined;
  readonly #waiting = new Map<number, Waiting>();

  do<J extends keyof TreeJobs>(job: J, ...input: Parameters<TreeJobs[J]>): Promise<ReturnType<TreeJobs[J]>> {
    const thread = this.#start();
    const request: TreeRequest = { id: ++this.#lastId, job, input };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve: resolve as (result: unknown) => void, reject });
      thread.postMessage(request);
    });
  }

  /** Ends the thread in the middle of whatever it does; removals are taken up at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    await this.#thread?.terminate();
  }

  #start(): Worker {
    clearTimeout(this.#idle);
    if (this.#thread) {
      this.#thread.ref();
      return this.#thread;
    }
    const thread = new Worker(new URL('./tree-thread.ts', import.meta.url));
    thread.on('message', (reply: TreeReply) => this.#settle(thread, reply));
    thread.on('error', (error) => this.#end(thread, error));
    thread.on('exit', () => this.#end(thread, systemError('the thread that walks trees has ended')));
    this.#thread = thread;
    return thread;
  }

  #settle(thread: Worker, reply: TreeReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('failure' in reply) waiting?.reject(revive(reply.failure));
    else waiting?.resolve(reply.result);
    if (this.#waiting.size > 0) return;
    thread.unref();
    this.#idle = setTimeout(() => {
      this.#thread = undefined;
      void thread.terminate();
    }, IDLE_MS).unref();
  }

  #end(thread: Worker, reason: unknown): void {
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    clearTimeout(this.#idle);
    const failed = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of failed) reject(reason instanceof Error ? reason : systemError(String(reason)));
  }
}
