import { SystemError } from '../errno.ts';
import { close } from '../ffi/descriptors.ts';
import {
  AF_NETLINK,
  bind,
  receive,
  SO_RCVTIMEO,
  SOCK_CLOEXEC,
  SOCK_RAW,
  SOL_SOCKET,
  send,
  setsockopt,
  socket,
} from '../ffi/socket.ts';
import { type Message, message, NLMSG_DONE, NLMSG_ERROR, parseError, parseMessages } from './message.ts';

export const NETLINK_ROUTE = 0;
export const NETLINK_NETFILTER = 12;

const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;

/** The kernel answers within the send; this only bounds a broken one. */
const TIMEOUT_SECONDS = 5n;

/** `struct sockaddr_nl` { u16 family, pad; u32 port, groups }: the kernel picks the port. */
export function netlinkAddress(): Buffer {
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK);
  return address;
}

/** A request of a batch that the kernel refused. */
export interface Failure {
  readonly index: number;
  readonly errno: number;
  readonly detail: string | undefined;
}

/** A blocking netlink socket, of the network namespace that its thread was in when it was opened. */
export class NetlinkSocket implements Disposable {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(65_536);
  #sequence = 0;
  #closed = false;

  constructor(protocol: number) {
    this.#fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    try {
      const yes = new Int32Array([1]);
      // The kernel's own text with an error, and not the whole request back.
      setsockopt(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, yes, 4);
      setsockopt(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, yes, 4);
      setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, new BigInt64Array([TIMEOUT_SECONDS, 0n]), 16);
      const address = netlinkAddress();
      bind(this.#fd, address, address.length);
    } catch (error) {
      close(this.#fd);
      throw error;
    }
  }

  /** For those who send messages of their own making. */
  get descriptor(): number {
    return this.#fd;
  }

  /** Builds a message with the next sequence number. */
  next(type: number, flags: number, parts: readonly Buffer[]): Buffer {
    this.#sequence = (this.#sequence + 1) >>> 0;
    return message(type, flags, this.#sequence, parts);
  }

  /**
   * Sends messages that ask for an acknowledgement in one go and collects what was refused. The
   * kernel takes each on its own: those after a refused one are done all the same.
   */
  acknowledge(messages: readonly Buffer[]): Failure[] {
    const failures: Failure[] = [];
    const first = messages[0]?.readUInt32LE(8) ?? 0;
    this.#send(Buffer.concat(messages));
    for (let missing = messages.length; missing > 0; ) {
      for (const reply of this.#receive()) {
        const index = reply.sequence - first;
        if (reply.type !== NLMSG_ERROR || index < 0 || index >= messages.length) continue;
        missing--;
        const { errno, detail } = parseError(reply);
        if (errno !== 0) failures.push({ index, errno, detail });
      }
    }
    return failures;
  }

  /** Sends one request and gives its answers: a dump's until its end. @throws SystemError */
  query(name: string, type: number, flags: number, parts: readonly Buffer[], dump: boolean): Message[] {
    const request = this.next(type, flags, parts);
    const sequence = request.readUInt32LE(8);
    const answers: Message[] = [];
    this.#send(request);
    for (;;) {
      for (const reply of this.#receive()) {
        if (reply.sequence !== sequence) continue;
        if (reply.type === NLMSG_ERROR) {
          const { errno, detail } = parseError(reply);
          if (errno !== 0) throw new SystemError('netlink', [name], errno, undefined, detail);
          return answers;
        }
        if (reply.type === NLMSG_DONE) return answers;
        // The buffer is used again by the next read.
        answers.push({ ...reply, payload: Buffer.from(reply.payload) });
        if (!dump) return answers;
      }
    }
  }

  #send(data: Buffer): void {
    send(this.#fd, data, data.length, 0);
  }

  #receive(): Iterable<Message> {
    const length = receive(this.#fd, this.#buffer);
    return parseMessages(this.#buffer.subarray(0, length));
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    close(this.#fd);
  }
}
