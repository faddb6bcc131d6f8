import type { Firewall } from '#engine/firewall';
import type { Logger } from '#lib/log';
import { adopt } from './adopt.ts';
import { PortAllocator } from './allocator.ts';
import { watchLoopback6 } from './loopback6.ts';
import { move } from './move.ts';
import type { OutsidePorts } from './outside.ts';
import type { PortBinding, PublishedPort, PublishTarget } from './port.ts';
import { publish } from './publish.ts';
import { unpublish } from './unpublish.ts';

export interface PortsOptions {
  readonly firewall: Firewall;
  /** Whether this host speaks IPv6. */
  readonly ipv6: boolean;
  /** Rootless: the host's ports are outside. */
  readonly outside?: OutsidePorts | undefined;
  readonly log: Logger;
}

/** What one binding has: up to one port for each family, and what keeps others from it. */
export interface Held {
  readonly ports: readonly PublishedPort[];
  readonly hold: Disposable;
}

/** Everything the verbs of this folder share. */
export interface PortsState extends PortsOptions {
  readonly allocator: PortAllocator;
  /** Whether the kernel carried [::1] to containers when that was last looked at. */
  loopback6?: boolean;
  /** By container id. */
  readonly published: Map<string, { readonly target: PublishTarget; readonly held: readonly Held[] }>;
}

/** The ports of the host that lead to containers. */
export class Ports implements Disposable {
  readonly #state: PortsState;
  readonly #watch: Disposable;

  constructor(options: PortsOptions) {
    this.#state = { ...options, allocator: new PortAllocator(), published: new Map() };
    this.#watch = watchLoopback6(this.#state);
  }

  /**
   * Publishes ports, all or none, beside those that the container has already: reserves them among ourselves and
   * against other programs of the host, then has the kernel forward them in one transaction.
   * @throws system with Docker's text when a port is not to be had
   */
  publish(target: PublishTarget, bindings: readonly PortBinding[]): PublishedPort[] {
    return publish(this.#state, target, bindings);
  }

  /** Publishes exactly these ports again: of an earlier life of the engine, or to undo an `unpublish`. Never fails. */
  adopt(target: PublishTarget, published: readonly PublishedPort[]): void {
    adopt(this.#state, target, published);
  }

  /** Leads a container's ports to other endpoints of it: the same ports of the host. Returns them. */
  move(target: PublishTarget): PublishedPort[] {
    return move(this.#state, target);
  }

  /**
   * The ports of a container, or those of them that `which` names, are nobody's when this returns. One binding goes
   * as a whole, with both of its families. Returns what has gone.
   */
  unpublish(containerId: string, which: (port: PublishedPort) => boolean = () => true): PublishedPort[] {
    return unpublish(this.#state, containerId, which);
  }

  /** Lets go of the host's ports; the kernel goes on forwarding them. */
  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#state.outside?.letGo();
    for (const { held } of this.#state.published.values()) {
      for (const { hold } of held) hold[Symbol.dispose]();
    }
    this.#state.published.clear();
  }
}
