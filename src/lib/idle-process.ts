import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { unavailable } from '#lib/errors';
import type { Handlers } from '#lib/thread';
import { type PackedError, packError, unpackError } from '#lib/thread-error';

/** A process costs 50 ms and some 40 MB: it is kept for a burst of work, not for good. */
const IDLE_MS = 3000;

interface Request {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
}
type Reply = { readonly id: number } & ({ readonly value?: unknown } | { readonly failure: PackedError });

/** In the process: does calls one after the other, in the order they were made. It ends with its parent. */
export function serveParent(handlers: Handlers): void {
  if (!process.send) throw new Error('this file is a child process, not a module');
  process.on('disconnect', () => process.exit());
  process.on('message', ({ id, name, args }: Request) => {
    // A parent that has ended meanwhile wants no answer.
    process.send?.(answer(handlers, { id, name, args }), undefined, undefined, () => {});
  });
}

function answer(handlers: Handlers, { id, name, args }: Request): Reply {
  try {
    const handler = handlers[name];
    if (!handler) throw new Error(`no such call: ${name}`);
    return { id, value: handler(...(args as never[])) };
  } catch (error) {
    return { id, failure: packError(error) };
  }
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Calls into a process of our own code, for what must not happen in this one: native code that may end the process,
 * or that does not bear a second thread. It is started when there is something to do, and ends when there has been
 * nothing for a while. Arguments and results travel as JSON.
 */
export class IdleProcess<H extends Handlers> implements AsyncDisposable {
  readonly #script: string;
  readonly #pending = new Map<number, Pending>();
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;

  /** `script` is the process's file: it calls `serveParent`. */
  constructor(script: URL) {
    this.#script = fileURLToPath(script);
  }

  call<K extends keyof H & string>(name: K, ...args: Parameters<H[K]>): Promise<ReturnType<H[K]>> {
    clearTimeout(this.#idle);
    const child = (this.#child ??= this.#start());
    child.ref();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      child.send({ id, name, args } satisfies Request);
    });
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, [...process.execArgv, this.#script], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      // A signal from a terminal is for us, and we end it.
      detached: true,
    });
    child.on('message', (reply: Reply) => this.#settle(reply));
    child.on('error', (error) => this.#ended(child, error.message));
    child.on('exit', (code, signal) => this.#ended(child, `ended with ${signal ?? code}`));
    return child;
  }

  #settle(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (this.#pending.size === 0) {
      this.#child?.unref();
      this.#child?.channel?.unref();
      this.#idle = setTimeout(() => void this[Symbol.asyncDispose](), IDLE_MS).unref();
    }
    if ('failure' in reply) pending?.reject(unpackError(reply.failure));
    else pending?.resolve(reply.value);
  }

  #ended(child: ChildProcess, reason: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const error = unavailable(`the process ${this.#script}: ${reason}`);
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }

  /** Ends the process, whatever it does; a call that comes later starts another one. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    const child = this.#child;
    if (!child) return;
    this.#ended(child, 'was ended');
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = once(child, 'exit');
    child.ref();
    child.kill('SIGKILL');
    await ended;
  }
}
