import { type HostPort, type RelayTarget, relayPort } from '#engine/ports';
import { unsupported } from '#lib/errors';
import type { Thread } from '#lib/thread';
import type { OutsideThread } from './outside-thread.ts';

/** A port of the host and where it leads, as the engine asks for it. */
export interface ForwardRequest {
  readonly port: HostPort;
  readonly target: RelayTarget;
}

interface Forward {
  readonly id: number;
  /** Which of the engines that came one after the other asked for it last. */
  client: number;
  readonly target: string;
  readonly relay: Disposable;
}

/** The ports of the host that lead into the engine's network. They outlive the engine that asked for them. */
export class Forwards {
  readonly #outside: Thread<OutsideThread>;
  readonly #byPort = new Map<string, Forward>();
  #lastId = 0;

  constructor(outside: Thread<OutsideThread>) {
    this.#outside = outside;
  }

  /** The one that is there, if it leads to the same place. @throws SystemError, unsupported */
  async open(client: number, { port, target }: ForwardRequest): Promise<number> {
    if (port.protocol === 'sctp') throw unsupported('sctp ports cannot be published in rootless mode');
    const key = `${port.protocol} ${port.address} ${port.port}`;
    const known = this.#byPort.get(key);
    if (known?.target === JSON.stringify(target)) {
      known.client = client;
      return known.id;
    }
    if (known) this.close(known.id);
    const { protocol, address } = port;
    const fd = await this.#outside.call('listen', { protocol, address, port: port.port });
    const relay = relayPort(fd, { protocol, address }, target);
    const forward = { id: ++this.#lastId, client, target: JSON.stringify(target), relay };
    this.#byPort.set(key, forward);
    return forward.id;
  }

  close(id: number): void {
    for (const [key, forward] of this.#byPort) {
      if (forward.id !== id) continue;
      this.#byPort.delete(key);
      forward.relay[Symbol.dispose]();
    }
  }

  /** Closes what this engine did not ask for again: its containers are gone. */
  settle(client: number): void {
    for (const { id, client: owner } of this.#byPort.values()) if (owner !== client) this.close(id);
  }
}
