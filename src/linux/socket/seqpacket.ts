import { Duplex } from 'node:stream';
import { errnoNumber, SystemError } from '../errno.ts';
import { close } from '../ffi/descriptors.ts';
import { Watch } from '../ffi/readiness.ts';
import {
  AF_UNIX,
  connect,
  MSG_NOSIGNAL,
  recv,
  SHUT_WR,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  send,
  shutdown,
  socket,
} from '../ffi/socket.ts';
import { withUnixAddress } from '../ffi/unix-address.ts';

/** A record that is longer is cut by the kernel. conmon's have at most 8193 bytes. */
const RECEIVE_LIMIT = 65_536;

/** conmon reads its socket in pieces of a fixed size and loses the rest of a longer record. */
const SEND_LIMIT = 8192;

/** Records taken in one turn of the event loop before others have theirs. */
const BATCH = 64;

const AGAIN = -errnoNumber('EAGAIN');
const RESET = -errnoNumber('ECONNRESET');

/**
 * Connects to a SOCK_SEQPACKET unix socket (conmon's attach). Each 'data' event is one record of
 * at most 64 KiB. `end()` half-closes (shutdown SHUT_WR). Paths over 107 bytes are reached through
 * /proc/self/fd. Node's own sockets know streams only, which would run records together.
 * @throws SystemError (`ECONNREFUSED`: nobody listens any more, `EAGAIN`: its backlog is full)
 */
export function connectSeqpacket(path: string): Duplex {
  const fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  try {
    withUnixAddress(path, (address) => {
      const result = connect.attempt(fd, address, address.length);
      if (result < 0) throw new SystemError('connect', [path], -result);
    });
    return new SeqpacketSocket(fd);
  } catch (error) {
    close(fd);
    throw error;
  }
}

class SeqpacketSocket extends Duplex {
  readonly #fd: number;
  readonly #watch: Watch;
  readonly #buffer = Buffer.allocUnsafe(RECEIVE_LIMIT);
  #wantsData = false;
  #unsent: { rest: Buffer; done: (error?: Error) => void } | undefined;

  constructor(fd: number) {
    // Object mode on the reading side, else a slow reader would get two records as one chunk.
    super({ readableObjectMode: true, allowHalfOpen: true });
    this.#fd = fd;
    this.#watch = new Watch(fd, {}, () => {
      this.#flush();
      if (!this.destroyed) this.#receive();
    });
  }

  override _read(): void {
    this.#wantsData = true;
    this.#listen();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#unsent = { rest: chunk, done };
    this.#flush();
  }

  override _final(done: (error?: Error) => void): void {
    const result = shutdown.attempt(this.#fd, SHUT_WR);
    // The other side may have gone first.
    done(
      result < 0 && result !== -errnoNumber('ENOTCONN')
        ? new SystemError('shutdown', [], -result)
        : undefined,
    );
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#watch[Symbol.dispose]();
    close(this.#fd);
    done(error);
  }

  #listen(): void {
    this.#watch.set({ readable: this.#wantsData, writable: this.#unsent !== undefined });
  }

  #receive(): void {
    for (let count = 0; this.#wantsData && count < BATCH; count++) {
      const length = recv.attempt(this.#fd, this.#buffer, RECEIVE_LIMIT, 0);
      if (length === AGAIN) return;
      // The other side closed with input of ours unread. The kernel says so once, ahead of the
      // records that are still queued: they come with the next calls.
      if (length === RESET) continue;
      if (length < 0) {
        this.destroy(new SystemError('recv', [], -length));
        return;
      }
      if (length === 0) {
        this.#wantsData = false;
        this.push(null);
      } else {
        this.#wantsData = this.push(Buffer.from(this.#buffer.subarray(0, length)));
      }
    }
    if (!this.destroyed) this.#listen();
  }

  #flush(): void {
    const unsent = this.#unsent;
    if (!unsent) return;
    while (unsent.rest.length > 0) {
      const record = unsent.rest.subarray(0, SEND_LIMIT);
      const sent = send.attempt(this.#fd, record, record.length, MSG_NOSIGNAL);
      if (sent === AGAIN) return this.#listen();
      if (sent < 0) {
        this.#unsent = undefined;
        return unsent.done(new SystemError('send', [record], -sent));
      }
      unsent.rest = unsent.rest.subarray(record.length);
    }
    this.#unsent = undefined;
    this.#listen();
    unsent.done();
  }
}
