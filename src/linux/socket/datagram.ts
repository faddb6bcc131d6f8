import { errnoNumber, SystemError } from '../errno.ts';
import { sendDescriptors } from '../ffi/descriptor-passing.ts';
import { close } from '../ffi/descriptors.ts';
import { sealedMemory } from '../ffi/memory.ts';
import { whenReady } from '../ffi/readiness.ts';
import {
  AF_UNIX,
  connect,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  send,
  socket,
} from '../ffi/socket.ts';
import { withUnixAddress } from '../ffi/unix-address.ts';

const AGAIN = -errnoNumber('EAGAIN');
const TOO_LONG = -errnoNumber('EMSGSIZE');
const NO_BUFFERS = -errnoNumber('ENOBUFS');

/** A connected unix datagram socket, which Node has none of: journald's and syslogd's. */
export class DatagramSocket implements Disposable {
  readonly #path: string;
  readonly #fd: number;
  #closed = false;

  /** @throws SystemError (`ENOENT`, `ECONNREFUSED`: nobody has it; `EPROTOTYPE`: it is a stream) */
  constructor(path: string) {
    this.#path = path;
    this.#fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const result = withUnixAddress(path, (address) => connect.attempt(this.#fd, address, address.length));
    if (result >= 0) return;
    close(this.#fd);
    throw new SystemError('connect', [path], -result);
  }

  /** Queues one datagram with the receiver, waiting while its queue is full. False: it is too long. @throws SystemError, cancelled */
  async send(data: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    for (;;) {
      const result = send.attempt(this.#fd, data, data.length, MSG_NOSIGNAL);
      if (result >= 0) return true;
      if (result === TOO_LONG || result === NO_BUFFERS) return false;
      if (result !== AGAIN) throw new SystemError('send', [this.#path], -result);
      await whenReady(this.#fd, { writable: true }, signal);
    }
  }

  /** Sends a descriptor of sealed memory that holds the data: what journald takes in place of a long datagram. @throws SystemError, cancelled */
  async sendMemory(data: Uint8Array, signal?: AbortSignal): Promise<void> {
    const memory = sealedMemory(data);
    try {
      while (!this.#passed(memory)) await whenReady(this.#fd, { writable: true }, signal);
    } finally {
      close(memory);
    }
  }

  /** False while the receiver's queue is full. */
  #passed(descriptor: number): boolean {
    try {
      sendDescriptors(this.#fd, Buffer.alloc(0), [descriptor]);
      return true;
    } catch (error) {
      if (error instanceof SystemError && error.code === 'EAGAIN') return false;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.#fd);
  }
}
