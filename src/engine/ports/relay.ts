import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { connect, isIPv6, type Socket } from 'node:net';
import { codeOf } from '#lib/errors';
import type { HoldHandlers } from './hold.ts';

/** Where the relay sends: the container's addresses in the order they are tried. */
export interface RelayTarget {
  readonly addresses: readonly string[];
  readonly port: number;
}

/** Idle seconds after which a UDP conversation is forgotten; conntrack's own default. */
const UDP_IDLE_MS = 120_000;
const UDP_CONVERSATIONS = 1024;

/** Traffic that the kernel should have forwarded, and that is not ours to serve: refused as if nobody listened. */
export const refuse: HoldHandlers = {
  connection: (socket) => void socket.resetAndDestroy(),
  datagram: () => {},
  close: () => {},
};

/**
 * Carries to a container what the kernel cannot: an address family that the container does not have, and [::1] of
 * the host (see the firewall's `loopback6.ts`). With `from` it serves that client only and refuses all others: they
 * come in through the kernel or not at all.
 */
export function relay(target: RelayTarget, from?: string): HoldHandlers {
  const conversations = new Map<string, Conversation>();
  return {
    connection: (socket) => {
      if (from === undefined || socket.remoteAddress === from) join(socket, target);
      else socket.resetAndDestroy();
    },
    datagram: (data, client, reply) => {
      if (from !== undefined && client.address !== from) return;
      const name = `${client.address} ${client.port} ${client.at}`;
      let conversation = conversations.get(name);
      if (!conversation) {
        if (conversations.size >= UDP_CONVERSATIONS) return;
        conversation = new Conversation(target, reply, () => conversations.delete(name));
        conversations.set(name, conversation);
      }
      conversation.send(data);
    },
    close: () => {
      for (const conversation of conversations.values()) conversation.end();
    },
  };
}

/** Joins two TCP connections; each side's end of stream is passed on, a broken side breaks the other. */
function join(client: Socket, { addresses, port }: RelayTarget, attempt = 0): void {
  const host = addresses[attempt];
  if (host === undefined) {
    client.resetAndDestroy();
    return;
  }
  const server = connect({ host, port, allowHalfOpen: true, noDelay: true });
  client.pause();
  const giveUp = () => server.destroy();
  client.once('error', giveUp);
  const next = (error: Error) => {
    client.off('error', giveUp);
    // Nothing has been sent yet: the container may serve the other family only.
    if (codeOf(error) === 'ECONNREFUSED' && !client.destroyed) join(client, { addresses, port }, attempt + 1);
    else client.resetAndDestroy();
  };
  server.once('error', next);
  server.once('connect', () => {
    server.off('error', next);
    client.off('error', giveUp);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => other.resetAndDestroy());
      one.pipe(other);
    }
  });
}

/** The datagrams of one client port, with a socket of their own towards the container. */
class Conversation {
  readonly #target: RelayTarget;
  readonly #reply: (data: Uint8Array) => void;
  readonly #ended: () => void;
  readonly #timer: NodeJS.Timeout;
  #attempt = 0;
  #socket: Datagrams | undefined;
  #connected = false;
  /** The datagram that nobody has answered yet: the next address gets it when this one refuses. */
  #unanswered: Buffer | undefined;

  constructor(target: RelayTarget, reply: (data: Uint8Array) => void, ended: () => void) {
    this.#target = target;
    this.#reply = reply;
    this.#ended = ended;
    this.#timer = setTimeout(() => this.end(), UDP_IDLE_MS).unref();
    this.#open();
  }

  send(data: Buffer): void {
    this.#timer.refresh();
    this.#unanswered = data;
    if (this.#connected) this.#transmit(data);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = undefined;
    this.#ended();
  }

  #open(): void {
    const address = this.#target.addresses[this.#attempt];
    if (address === undefined) {
      this.end();
      return;
    }
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
    this.#socket = socket;
    this.#connected = false;
    socket.unref();
    socket.on('message', (data) => {
      this.#timer.refresh();
      this.#unanswered = undefined;
      this.#reply(data);
    });
    // Connected, so that the kernel tells when nobody listens there (ECONNREFUSED).
    socket.on('error', () => this.#tryNext(socket));
    socket.connect(this.#target.port, address, () => {
      if (this.#socket !== socket) return;
      this.#connected = true;
      if (this.#unanswered) this.#transmit(this.#unanswered);
    });
  }

  #transmit(data: Buffer): void {
    const socket = this.#socket;
    socket?.send(data, (error) => {
      if (error) this.#tryNext(socket);
    });
  }

  #tryNext(failed: Datagrams): void {
    if (this.#socket !== failed) return;
    this.#socket = undefined;
    failed.close();
    this.#attempt++;
    this.#open();
  }
}
