import { close } from '../ffi/descriptors.ts';
import { AF_PACKET, bind, SOCK_CLOEXEC, SOCK_RAW, send, socket } from '../ffi/socket.ts';

/** packet(7), for sending whole frames out of one interface of the thread's network namespace. It receives nothing. */
export class PacketSocket implements Disposable {
  readonly #fd: number;
  #closed = false;

  /** @throws SystemError */
  constructor(index: number) {
    // Protocol 0: no frame of the interface is copied to us.
    this.#fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    try {
      const address = linkAddress(index);
      bind(this.#fd, address, address.length);
    } catch (error) {
      close(this.#fd);
      throw error;
    }
  }

  /** @throws SystemError */
  send(frame: Buffer): void {
    send(this.#fd, frame, frame.length, 0);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.#fd);
  }
}

/** `struct sockaddr_ll` { u16 family; be16 protocol; s32 index; u16 hardware; u8 type, length, address[8] } */
function linkAddress(index: number): Buffer {
  const bytes = Buffer.alloc(20);
  bytes.writeUInt16LE(AF_PACKET, 0);
  bytes.writeInt32LE(index, 4);
  return bytes;
}
