import koffi from 'koffi';
import { cancelled } from '#lib/errors';
import { close, duplicate } from './descriptors.ts';

export interface Events {
  readonly readable?: boolean;
  readonly writable?: boolean;
  /** EPOLLRDHUP; EPOLLHUP and EPOLLERR wake every watch, asked for or not. */
  readonly disconnect?: boolean;
}

/**
 * Watches a descriptor with libuv's own epoll (uv_poll_t): no thread waits, no timer polls, and
 * hundreds of watches cost one epoll entry each. Level-triggered: what is not consumed reports again.
 *
 * The watch holds a duplicate, because libuv allows one watcher per descriptor number and koffi
 * ends the process when that rule is broken. Nothing else may be given than sockets, pipes,
 * pidfds and epoll descriptors: libuv cannot poll a regular file.
 */
export class Watch implements Disposable {
  readonly #fd: number;
  readonly #handle: ReturnType<typeof koffi.node.poll>;
  readonly #report: () => void;
  #closed = false;

  constructor(fd: number, events: Events, onReady: () => void) {
    // koffi calls us without a callback scope, so promises would not be served afterwards and an
    // exception would be lost: an immediate of the same loop iteration has both.
    this.#report = () =>
      setImmediate(() => {
        if (!this.#closed) onReady();
      });
    this.#fd = duplicate(fd);
    this.#handle = koffi.node.poll(this.#fd, events, this.#report);
  }

  /** Changes what is watched; no events at all pauses. */
  set(events: Events): void {
    if (this.#closed) return;
    if (events.readable || events.writable || events.disconnect) this.#handle.start(events, this.#report);
    else this.#handle.stop();
  }

  /** A watch keeps the process running unless it is unreferenced. */
  unref(): this {
    this.#handle.unref();
    return this;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handle.close();
    close(this.#fd);
  }
}

/** Resolves once the descriptor is ready. @throws cancelled */
export function whenReady(fd: number, events: Events, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelled());
    const abort = () => {
      watch[Symbol.dispose]();
      reject(cancelled());
    };
    const watch = new Watch(fd, events, () => {
      signal?.removeEventListener('abort', abort);
      watch[Symbol.dispose]();
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}
