import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { messageOf } from '#lib/errors';
import { DatagramSocket } from '#linux/socket';
import type { Address } from './address.ts';
import { dialFailure } from './dial-failure.ts';

/** Sends datagrams, over udp or to a unix socket; false when one is too long for it. */
export interface DatagramConnection extends Disposable {
  connect(signal: AbortSignal): Promise<void>;
  send(data: Uint8Array, signal: AbortSignal): Promise<boolean>;
}

export const datagramConnection = (address: Address): DatagramConnection =>
  'path' in address ? new UnixDatagrams(address.path) : new UdpDatagrams(address);

class UnixDatagrams implements DatagramConnection {
  readonly #path: string;
  #socket: DatagramSocket | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async connect(): Promise<void> {
    this.#socket ??= new DatagramSocket(this.#path);
  }

  async send(data: Uint8Array, signal: AbortSignal): Promise<boolean> {
    await this.connect();
    try {
      return (await this.#socket?.send(data, signal)) ?? false;
    } catch (error) {
      // The receiver has another socket of that name by now, or will have.
      this[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#socket?.[Symbol.dispose]();
    this.#socket = undefined;
  }
}

/** Names are looked up again after so long (ms): nothing else tells that a receiver has moved. */
const NAME_LIFETIME = 60_000;

class UdpDatagrams implements DatagramConnection {
  readonly #address: Extract<Address, { host: string }>;
  #socket: Socket | undefined;
  #resolvedAt = 0;

  constructor(address: Extract<Address, { host: string }>) {
    this.#address = address;
  }

  async connect(): Promise<void> {
    if (this.#socket && performance.now() - this.#resolvedAt > NAME_LIFETIME) this[Symbol.dispose]();
    if (this.#socket) return;
    const { host, port } = this.#address;
    try {
      const { address, family } = await lookup(host);
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
      socket.unref().connect(port, address);
      await once(socket, 'connect');
      // Nobody listens there: the way of udp is not to care.
      socket.on('error', () => {});
      this.#socket = socket;
      this.#resolvedAt = performance.now();
    } catch (error) {
      throw dialFailure(this.#address, messageOf(error), error);
    }
  }

  async send(data: Uint8Array): Promise<boolean> {
    await this.connect();
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#socket?.send(data, (error) => resolve(!error || !('code' in error && error.code === 'EMSGSIZE')));
    return promise;
  }

  [Symbol.dispose](): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}
