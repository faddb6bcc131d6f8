import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { HEADER } from './message/codes.ts';
import type { UpstreamServer } from './view.ts';

/** Opens a datagram socket where a server is asked from; without a descriptor it is the thread's own network. */
export type OpenSocket = (family: 4 | 6) => number | undefined;

/** What becomes of a question. */
export interface Asked {
  /** A message with the question's id has come from the server. It may be anything else: true when it was the answer. */
  replied(message: Buffer): boolean;
  /** The server cannot be reached. */
  failed(error: Error): void;
}

/**
 * So many questions go out from one port, or for so long: who wants to forge an answer has to guess
 * the port as well as the id, and has no time to find either out.
 */
const QUESTIONS_PER_PORT = 32;
const PORT_LIFE_MS = 5_000;

/** The sockets on which one network namespace asks upstreams by UDP. */
export class UpstreamSockets {
  readonly #open: OpenSocket;
  /** The one that takes the next question, by server. */
  readonly #current = new Map<string, UpstreamSocket>();
  readonly #all = new Set<UpstreamSocket>();

  constructor(open: OpenSocket) {
    this.#open = open;
  }

  get count(): number {
    return this.#all.size;
  }

  /** Sends a question; its id is replaced. The returned function forgets it. */
  ask(server: UpstreamServer, question: Buffer, asked: Asked): () => void {
    const name = `${server.address} ${server.port ?? 53}`;
    let socket = this.#current.get(name);
    if (!socket?.fresh) {
      socket = new UpstreamSocket(server, this.#open, () => this.#ended(name, made));
      const made = socket;
      this.#current.set(name, socket);
      this.#all.add(socket);
    }
    return socket.ask(question, asked);
  }

  /** Forgets all questions without a word. */
  close(): void {
    for (const socket of this.#all) socket.close();
  }

  #ended(name: string, socket: UpstreamSocket): void {
    this.#all.delete(socket);
    if (this.#current.get(name) === socket) this.#current.delete(name);
  }
}

class UpstreamSocket {
  readonly #socket: Socket;
  readonly #asked = new Map<number, Asked>();
  readonly #ended: () => void;
  readonly #retire: NodeJS.Timeout;
  /** Until the socket is connected; then undefined. */
  #waiting: Buffer[] | undefined = [];
  #questions = 0;
  #retired = false;
  #closed = false;

  /** @throws SystemError */
  constructor(server: UpstreamServer, open: OpenSocket, ended: () => void) {
    this.#ended = ended;
    const family = isIPv6(server.address) ? 6 : 4;
    const fd = open(family);
    this.#socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    this.#socket.on('message', (message) => this.#receive(message));
    // Connected: what others send is not ours to see, and that nobody listens there is told (ECONNREFUSED).
    this.#socket.on('error', (error) => this.#fail(error));
    if (fd !== undefined) this.#socket.bind({ fd });
    this.#socket.connect(server.port ?? 53, server.address, () => this.#connected());
    this.#retire = setTimeout(() => this.#retireNow(), PORT_LIFE_MS);
  }

  /** Whether it takes another question. */
  get fresh(): boolean {
    return !this.#retired && !this.#closed && this.#questions < QUESTIONS_PER_PORT;
  }

  ask(question: Buffer, asked: Asked): () => void {
    this.#questions++;
    let id = randomInt(0x10000);
    while (this.#asked.has(id)) id = (id + 1) & 0xffff;
    this.#asked.set(id, asked);
    const message = Buffer.from(question);
    message.writeUInt16BE(id, 0);
    if (this.#waiting) this.#waiting.push(message);
    else this.#send(message);
    return () => {
      this.#asked.delete(id);
      this.#closeWhenIdle();
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retire);
    this.#asked.clear();
    this.#socket.close();
    this.#ended();
  }

  #connected(): void {
    if (this.#closed) return;
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const message of waiting) this.#send(message);
  }

  #send(message: Buffer): void {
    if (this.#closed) return;
    this.#socket.send(message, (error) => {
      if (error) this.#fail(error);
    });
  }

  #receive(message: Buffer): void {
    if (message.length < HEADER) return;
    const asked = this.#asked.get(message.readUInt16BE(0));
    if (!asked?.replied(message)) return;
    this.#asked.delete(message.readUInt16BE(0));
    this.#closeWhenIdle();
  }

  #fail(error: Error): void {
    const asked = [...this.#asked.values()];
    this.close();
    for (const each of asked) each.failed(error);
  }

  #retireNow(): void {
    this.#retired = true;
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (!this.fresh && this.#asked.size === 0) this.close();
  }
}
