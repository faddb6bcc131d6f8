import type { ByteChannel } from './channel.ts';

/** Bun's own sockets, as far as they are used here. Bun calls the handlers for one socket after the other. */
interface BunSocket {
  /** How many bytes the kernel took; negative when the socket is closed. */
  write(data: Uint8Array): number;
  /** Closes our direction only. */
  shutdown(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
}

interface BunSocketHandler {
  readonly binaryType: 'buffer';
  data(socket: BunSocket, chunk: Buffer): void;
  drain(socket: BunSocket): void;
  end(socket: BunSocket): void;
  close(socket: BunSocket, error?: Error): void;
  error(socket: BunSocket, error: Error): void;
}

declare const Bun: {
  connect(options: {
    readonly unix: string;
    readonly allowHalfOpen: true;
    readonly socket: BunSocketHandler;
  }): Promise<BunSocket>;
};

export const inBun = (): boolean => process.versions['bun'] !== undefined;

type Listener = (value?: Buffer | Error) => void;

/**
 * A unix socket in Bun without node:net and its streams, which are source code that Bun compiles at every start: half of
 * what a short command takes.
 */
export class BunChannel implements ByteChannel {
  #socket: BunSocket | undefined;
  readonly #listeners = new Map<string, Listener[]>();
  #incoming: Buffer[] = [];
  #outgoing: Buffer[] = [];
  #corked = false;
  #flowing = true;
  #ending = false;
  #ended = false;
  #farEnd: 'open' | 'ended' | 'told' = 'open';
  #pumping = false;
  #closed = false;
  destroyed = false;

  /** Rejects with the kernel's error. */
  static async open(path: string): Promise<BunChannel> {
    const channel = new BunChannel();
    channel.#socket = await Bun.connect({
      unix: path,
      allowHalfOpen: true,
      socket: {
        binaryType: 'buffer',
        data: (_, chunk) => channel.#onData(chunk),
        drain: () => channel.#onDrain(),
        end: () => channel.#onEnd(),
        close: (_, error) => channel.#onClose(error),
        error: (_, error) => channel.destroy(error),
      },
    });
    return channel;
  }

  on(event: string, listener: (value: never) => void): this {
    const listeners = this.#listeners.get(event) ?? [];
    this.#listeners.set(event, [...listeners, listener as Listener]);
    return this;
  }

  once(event: string, listener: () => void): this {
    const first = () => {
      this.off(event, first);
      listener();
    };
    return this.on(event, first);
  }

  off(event: string, listener: (value: never) => void): this {
    this.#listeners.set(
      event,
      (this.#listeners.get(event) ?? []).filter((known) => known !== listener),
    );
    return this;
  }

  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean {
    if (this.destroyed || this.#ending) return true;
    const bytes =
      typeof data === 'string'
        ? Buffer.from(data, encoding)
        : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (bytes.length > 0) this.#outgoing.push(bytes);
    this.#send();
    return this.#corked || this.#outgoing.length === 0;
  }

  cork(): void {
    this.#corked = true;
  }

  uncork(): void {
    this.#corked = false;
    this.#send();
  }

  end(): void {
    this.#ending = true;
    this.#send();
  }

  pause(): void {
    this.#flowing = false;
    if (!this.#closed) this.#socket?.pause();
  }

  resume(): void {
    this.#flowing = true;
    if (!this.#closed) this.#socket?.resume();
    // As streams do: never from within the caller.
    queueMicrotask(() => this.#pump());
  }

  unshift(chunk: Buffer): void {
    this.#incoming.unshift(chunk);
  }

  destroy(error?: Error): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#incoming = [];
    this.#outgoing = [];
    this.#socket?.terminate();
    queueMicrotask(() => {
      if (error) this.#emit('error', error);
      this.#emit('close');
    });
  }

  ref(): void {
    if (!this.#closed) this.#socket?.ref();
  }

  unref(): void {
    if (!this.#closed) this.#socket?.unref();
  }

  #send(): void {
    if (this.#corked || this.#closed || this.destroyed) return;
    if (this.#outgoing.length > 1) this.#outgoing = [Buffer.concat(this.#outgoing)];
    const [bytes] = this.#outgoing;
    if (bytes) {
      const sent = this.#socket?.write(bytes) ?? 0;
      // A daemon that refuses a body closes before it has read all: the answer, or the end, tells what happened.
      if (sent < 0) this.#outgoing = [];
      else this.#outgoing = sent < bytes.length ? [bytes.subarray(sent)] : [];
    }
    if (!this.#ending || this.#ended || this.#outgoing.length > 0) return;
    this.#ended = true;
    this.#socket?.shutdown();
  }

  #onDrain(): void {
    const waited = this.#outgoing.length > 0;
    this.#send();
    if (waited && this.#outgoing.length === 0) this.#emit('drain');
  }

  #onData(chunk: Buffer): void {
    if (this.destroyed) return;
    this.#incoming.push(chunk);
    this.#pump();
  }

  #onEnd(): void {
    if (this.#farEnd === 'open') this.#farEnd = 'ended';
    this.#pump();
  }

  #onClose(error: Error | undefined): void {
    this.#closed = true;
    if (error) this.destroy(error);
    else this.#onEnd();
  }

  /** Hands on what came, in order, while somebody wants it; the end only behind the last byte. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      for (let chunk = this.#next(); chunk; chunk = this.#next()) this.#emit('data', chunk);
    } finally {
      this.#pumping = false;
    }
    if (!this.#flowing || this.destroyed || this.#incoming.length > 0) return;
    if (this.#farEnd === 'ended') {
      this.#farEnd = 'told';
      this.#emit('end');
    }
    if (this.#closed && !this.destroyed) this.destroy();
  }

  #next(): Buffer | undefined {
    return this.#flowing ? this.#incoming.shift() : undefined;
  }

  #emit(event: string, value?: Buffer | Error): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(value);
  }
}
