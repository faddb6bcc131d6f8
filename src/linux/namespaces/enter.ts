import { CLONE_NEWNET, O_CLOEXEC } from '../ffi/constants.ts';
import { close, open } from '../ffi/descriptors.ts';
import { setns } from '../ffi/namespaces.ts';

/**
 * The network namespace that a thread is at home in, and its way into others and back. One for each
 * thread that needs it, made there.
 */
export class HomeNamespace implements Disposable {
  readonly #home = open('/proc/thread-self/ns/net', O_CLOEXEC, 0);

  /** Runs `work` on this thread after `enter`; nothing of it may wait, and there is no way but back. */
  elsewhere<T>(enter: () => void, work: () => T): T {
    enter();
    try {
      return work();
    } finally {
      // In a strange namespace this thread would do the next call's work to the wrong network.
      if (setns.attempt(this.#home, CLONE_NEWNET) < 0) process.abort();
    }
  }

  /** Runs `work` in the namespace of a file (`undefined`: at home). What is opened in it stays of that namespace. */
  within<T>(netns: string | undefined, work: () => T): T {
    if (netns === undefined) return work();
    const fd = open(netns, O_CLOEXEC, 0);
    try {
      return this.elsewhere(() => setns(fd, CLONE_NEWNET), work);
    } finally {
      close(fd);
    }
  }

  /** Nothing is entered any more. */
  [Symbol.dispose](): void {
    close(this.#home);
  }
}
