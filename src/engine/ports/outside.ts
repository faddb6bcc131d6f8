import type { HostPort } from './allocator.ts';
import type { RelayTarget } from './relay.ts';

/**
 * Ports of the host for an engine that is in a network of its own there (rootless): somebody outside has them, and
 * relays what comes to the container.
 */
export interface OutsidePorts {
  /**
   * Until the result is disposed. Synchronous, as whoever publishes must know at once. A port that was open when the
   * engine before this one ended is taken over.
   * @throws with a code: EADDRINUSE, EADDRNOTAVAIL, EACCES...
   */
  open(port: HostPort, target: RelayTarget): Disposable;
  /** From now on nothing is closed any more: containers, and what leads to them, outlive the engine. */
  letGo(): void;
}
