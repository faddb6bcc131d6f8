import type { Firewall } from '#engine/firewall';
import { messageOf } from '#lib/errors';
import type { Logger } from '#lib/log';
import { flushConntrack } from '#linux/netlink';
import { PortAllocator } from './allocator.ts';
import type { PortBinding, PublishedPort, PublishTarget } from './port.ts';
import { publish, republish, unpublish } from './publish.ts';

export interface PortsOptions {
  readonly firewall: Firewall;
  /** Whether this host speaks IPv6. */
  readonly ipv6: boolean;
  readonly log: Logger;
}

/** Everything the verbs of this folder share. */
export interface PortsState extends PortsOptions {
  readonly allocator: PortAllocator;
  /** Held ports by container id. */
  readonly holds: Map<string, readonly Disposable[]>;
}

/** The ports of the host that lead to containers. */
export class Ports implements Disposable {
  readonly #state: PortsState;

  constructor(options: PortsOptions) {
    this.#state = { ...options, allocator: new PortAllocator(), holds: new Map() };
  }

  /**
   * Publishes ports, all or none: reserves them among ourselves and against other programs of the host,
   * then has the kernel forward them in one transaction.
   * @throws invalid, or system with Docker's text when a port is not to be had
   */
  publish(target: PublishTarget, bindings: readonly PortBinding[]): Promise<PublishedPort[]> {
    return publish(this.#state, target, bindings);
  }

  /** Holds the ports again that an earlier life of the engine published; the firewall only remembers them. */
  adopt(target: PublishTarget, published: readonly PublishedPort[]): Promise<void> {
    return republish(this.#state, target, published);
  }

  /** The ports of a container are nobody's when this returns. */
  unpublish(target: PublishTarget, published: readonly PublishedPort[]): void {
    if (published.length === 0) return;
    unpublish(this.#state, target, published);
    // A flow without connections goes on to the old address for as long as packets come: conntrack must forget it.
    if (published.every((port) => port.protocol === 'tcp')) return;
    for (const address of [target.address, target.address6]) {
      if (address === undefined) continue;
      try {
        flushConntrack(address);
      } catch (error) {
        this.#state.log.warn('could not flush conntrack', { address, error: messageOf(error) });
      }
    }
  }

  /** Lets go of the host's ports; the kernel goes on forwarding them. */
  [Symbol.dispose](): void {
    for (const hold of [...this.#state.holds.values()].flat()) hold[Symbol.dispose]();
    this.#state.holds.clear();
  }
}
