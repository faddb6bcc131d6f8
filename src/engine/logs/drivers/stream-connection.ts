import { connect, type Socket } from 'node:net';
import { cancelled, messageOf } from '#lib/errors';
import type { Address } from './address.ts';
import { dialFailure } from './dial-failure.ts';
import type { TlsFiles } from './tls-files.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_MS = 15_000;
/** The longest answer that makes sense. */
const MAX_ANSWER = 64 * 1024;

export interface StreamOptions {
  readonly address: Address;
  readonly tls?: TlsFiles | undefined;
  /** The receiver says something that `read` is called for. Default false: what it says is ignored. */
  readonly answers?: boolean;
  /** Milliseconds in which the receiver must take what is written; default: as long as it takes. */
  readonly writeTimeout?: number;
  /** Milliseconds to wait for an answer; default: as long as it takes. */
  readonly readTimeout?: number;
  /** A connection that is older (ms) is made anew, so that names are looked up again. */
  readonly maxAge?: number;
}

/** A connection over tcp, TLS or a unix stream socket, which is made when it is needed and again after it broke. */
export class StreamConnection {
  readonly #options: StreamOptions;
  #socket: Socket | undefined;
  #connectedAt = 0;
  #unread: Buffer = Buffer.alloc(0);
  #wake: () => void = () => {};

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  /** @throws unavailable, cancelled */
  async connect(signal: AbortSignal): Promise<void> {
    const { maxAge = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#socket && performance.now() - this.#connectedAt > maxAge) this.#drop();
    if (this.#socket) return;
    const socket = await this.#dial();
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS);
    await this.#connected(socket, signal);
    this.#connectedAt = performance.now();
    this.#unread = Buffer.alloc(0);
    this.#socket = socket;
    // A receiver that says goodbye does not get anything any more.
    for (const event of ['end', 'close', 'error']) socket.on(event, () => this.#drop(socket));
    socket.on('data', (chunk: Buffer) => this.#receive(socket, chunk));
  }

  /** Resolves when the kernel has all of it. @throws unavailable, cancelled */
  async write(data: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.connect(signal);
    const socket = this.#socket;
    if (!socket) throw this.#failure('the connection was closed');
    const { writeTimeout } = this.#options;
    await this.#until(
      signal,
      writeTimeout,
      new Promise<void>((resolve, reject) => {
        const closed = () => reject(this.#failure('the connection was closed'));
        socket.once('close', closed);
        socket.write(data, (error) => {
          socket.off('close', closed);
          if (error) reject(this.#failure(messageOf(error)));
          else resolve();
        });
      }),
    );
  }

  /** What the receiver says: `parse` gives what it understood and how long it was, or undefined while that is not all. @throws unavailable, cancelled */
  async read<T>(
    parse: (bytes: Buffer) => { readonly value: T; readonly length: number } | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    for (;;) {
      const parsed = parse(this.#unread);
      if (parsed) {
        this.#unread = this.#unread.subarray(parsed.length);
        return parsed.value;
      }
      if (!this.#socket) throw this.#failure('the connection was closed');
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await this.#until(signal, this.#options.readTimeout, promise);
    }
  }

  /** Sends what is written and closes. */
  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket || socket.destroyed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    socket.once('close', resolve);
    socket.end(() => socket.destroy());
    setTimeout(() => socket.destroy(), 1_000).unref();
    await promise;
  }

  async #dial(): Promise<Socket> {
    const { address, tls } = this.#options;
    if ('path' in address) return connect(address.path);
    if (!tls) return connect({ host: address.host, port: address.port });
    const { connectTls } = await import('./tls-files.ts');
    return connectTls(address, tls);
  }

  async #connected(socket: Socket, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const aborted = () => reject(cancelled());
    const timer = setTimeout(() => reject(this.#failure('timed out')), CONNECT_TIMEOUT_MS);
    signal.addEventListener('abort', aborted);
    if (signal.aborted) aborted();
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', resolve);
    socket.once('error', (error) => reject(this.#failure(messageOf(error), error)));
    try {
      await promise;
    } catch (error) {
      // What else goes wrong with it is nobody's concern.
      socket.on('error', () => {}).destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
    }
  }

  /** Whatever ends the wait early leaves a connection of which nobody knows what was sent: it is dropped. */
  async #until(signal: AbortSignal, timeout: number | undefined, work: Promise<void>): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    const aborted = () => reject(cancelled());
    const timer = timeout && setTimeout(() => reject(this.#failure('timed out')), timeout);
    signal.addEventListener('abort', aborted);
    if (signal.aborted) aborted();
    try {
      await Promise.race([work, promise]);
    } catch (error) {
      work.catch(() => {});
      this.#drop();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', aborted);
    }
  }

  #receive(socket: Socket, chunk: Buffer): void {
    if (socket !== this.#socket || !this.#options.answers) return;
    this.#unread = Buffer.concat([this.#unread, chunk]);
    if (this.#unread.length > MAX_ANSWER) this.#drop();
    this.#wake();
  }

  #drop(socket = this.#socket): void {
    socket?.on('error', () => {}).destroy();
    if (socket === this.#socket) this.#socket = undefined;
    this.#wake();
  }

  #failure(reason: string, cause?: unknown) {
    return dialFailure(this.#options.address, reason, cause);
  }
}
