import koffi from 'koffi';
import { libcCall } from './call.ts';

const recvmsg = libcCall<[fd: number, message: Uint8Array, flags: number]>('long recvmsg(int, void *, int)');
const sendmsg = libcCall<[fd: number, message: Uint8Array, flags: number]>('long sendmsg(int, void *, int)');

// One block, at these offsets. 64-bit layouts:
// msghdr { name*, u32 namelen, iov*, size iovlen, control*, size controllen, int flags }, 56 bytes
// iovec { base*, size length }
// cmsghdr { size length, int level, int type }, then its data
const IOVEC = 56;
const NAME = 128;
const NAME_SIZE = 28;
const CONTROL = 192;
const CONTROL_SIZE = 64;
const CMSG_HEADER = 16;
const DATA = 256;
/** No datagram is longer. */
const DATA_SIZE = 65_536;

/** A control message of cmsg(3). */
export interface Control {
  readonly level: number;
  readonly type: number;
  readonly data: Buffer;
}

/** The memory that a datagram passes through, with where it comes from and the first of its control messages. */
export class DatagramMessage {
  // Too big for V8's heap, so the collector does not move it.
  readonly #bytes = Buffer.alloc(DATA + DATA_SIZE);

  constructor() {
    const address = koffi.address(this.#bytes);
    this.#bytes.writeBigUInt64LE(address + BigInt(NAME), 0);
    this.#bytes.writeBigUInt64LE(address + BigInt(IOVEC), 16);
    this.#bytes.writeBigUInt64LE(1n, 24);
    this.#bytes.writeBigUInt64LE(address + BigInt(CONTROL), 32);
    this.#bytes.writeBigUInt64LE(address + BigInt(DATA), IOVEC);
  }

  /** recvmsg(2): the length or minus errno. What is read then holds until the next call. */
  receive(fd: number): number {
    this.#lengths(NAME_SIZE, CONTROL_SIZE, DATA_SIZE);
    return recvmsg.attempt(fd, this.#bytes, 0);
  }

  /** `struct sockaddr_in` or `sockaddr_in6` of the sender. */
  get name(): Buffer {
    return this.#bytes.subarray(NAME, NAME + this.#bytes.readUInt32LE(8));
  }

  data(length: number): Buffer {
    return this.#bytes.subarray(DATA, DATA + length);
  }

  get control(): Control | undefined {
    if (this.#bytes.readBigUInt64LE(40) < CMSG_HEADER) return undefined;
    const length = Number(this.#bytes.readBigUInt64LE(CONTROL));
    return {
      level: this.#bytes.readInt32LE(CONTROL + 8),
      type: this.#bytes.readInt32LE(CONTROL + 12),
      data: this.#bytes.subarray(CONTROL + CMSG_HEADER, CONTROL + length),
    };
  }

  /** sendmsg(2): the length or minus errno. */
  send(fd: number, data: Uint8Array, name: Uint8Array, control: Control): number {
    const length = CMSG_HEADER + control.data.length;
    this.#lengths(name.length, (length + 7) & ~7, data.length);
    this.#bytes.set(name, NAME);
    this.#bytes.set(data, DATA);
    this.#bytes.writeBigUInt64LE(BigInt(length), CONTROL);
    this.#bytes.writeInt32LE(control.level, CONTROL + 8);
    this.#bytes.writeInt32LE(control.type, CONTROL + 12);
    this.#bytes.set(control.data, CONTROL + CMSG_HEADER);
    return sendmsg.attempt(fd, this.#bytes, 0);
  }

  #lengths(name: number, control: number, data: number): void {
    this.#bytes.writeUInt32LE(name, 8);
    this.#bytes.writeBigUInt64LE(BigInt(control), 40);
    this.#bytes.writeBigUInt64LE(BigInt(data), IOVEC + 8);
  }
}
