import { CLONE_NEWNET, O_CLOEXEC } from '../ffi/constants.ts';
import { close, open } from '../ffi/descriptors.ts';
import { setns, unshare } from '../ffi/namespaces.ts';

/**
 * Puts this thread into a network namespace that has nothing in it, until the result is disposed of; then the kernel
 * drops it with all that was made in it, and so it does when the process dies. For worker threads only: whatever else
 * the thread does, it does it there. Programs that it spawns are in it, too.
 * @throws SystemError
 */
export function enterScratchNetns(): Disposable {
  const home = open('/proc/thread-self/ns/net', O_CLOEXEC, 0);
  try {
    unshare(CLONE_NEWNET);
  } catch (error) {
    close(home);
    throw error;
  }
  return {
    [Symbol.dispose]: () => {
      // In a strange namespace this thread would do the next call's work to the wrong network.
      if (setns.attempt(home, CLONE_NEWNET) < 0) process.abort();
      close(home);
    },
  };
}
