import { createServer, type Socket } from 'node:net';
import type { Resolver } from './resolver.ts';

/** Connections of one container at a time; more are closed at once. */
const CONNECTIONS = 64;
/** Milliseconds that a connection may do nothing. */
const IDLE_MS = 10_000;
/** Longer than any question with its EDNS options. */
const LONGEST_QUESTION = 4_096;
/** Questions of one connection that are being answered; it is not read from meanwhile. */
const AT_A_TIME = 32;
/** Bytes of replies that a client may leave unread. */
const UNREAD = 256 * 1024;

/** Serves a listening stream socket, which is taken over. */
export function serveTcp(fd: number, resolver: Resolver): Disposable {
  const connections = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    new Connection(socket, resolver);
  });
  server.maxConnections = CONNECTIONS;
  server.on('error', () => {});
  server.listen({ fd });
  return {
    [Symbol.dispose]: () => {
      server.close();
      for (const socket of connections) socket.destroy();
    },
  };
}

/** One client: messages with their length before them (RFC 7766), several at a time if it likes. */
class Connection {
  readonly #socket: Socket;
  readonly #resolver: Resolver;
  #received = Buffer.alloc(0);
  #answering = 0;
  /** The client sends no more; it still gets what it asked for. */
  #ended = false;

  constructor(socket: Socket, resolver: Resolver) {
    this.#socket = socket;
    this.#resolver = resolver;
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#read();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#endWhenDone();
    });
  }

  #read(): void {
    while (this.#answering < AT_A_TIME && this.#received.length >= 2) {
      const end = 2 + this.#received.readUInt16BE(0);
      if (end - 2 > LONGEST_QUESTION) {
        this.#socket.destroy();
        return;
      }
      if (this.#received.length < end) break;
      const message = this.#received.subarray(2, end);
      this.#received = this.#received.subarray(end);
      this.#answer(message);
    }
    if (this.#answering < AT_A_TIME) this.#socket.resume();
    else this.#socket.pause();
  }

  #answer(message: Buffer): void {
    this.#answering++;
    let isLater = false;
    const isAnswered = this.#resolver.answer(message, 'tcp', (reply) => {
      this.#answering--;
      this.#send(reply);
      if (!isLater || this.#socket.destroyed) return;
      this.#read();
      this.#endWhenDone();
    });
    // What is no question is no client's.
    if (!isAnswered) this.#socket.destroy();
    isLater = true;
  }

  #endWhenDone(): void {
    if (this.#ended && this.#answering === 0) this.#socket.end();
  }

  #send(reply: Buffer): void {
    const head = Buffer.alloc(2);
    head.writeUInt16BE(reply.length, 0);
    if (this.#socket.writableLength > UNREAD) this.#socket.destroy();
    else if (!this.#socket.destroyed) this.#socket.write(Buffer.concat([head, reply]));
  }
}
