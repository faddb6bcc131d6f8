import { systemError } from '#lib/errors';
import { close } from '../ffi/descriptors.ts';
import {
  AF_UNIX,
  connect,
  MSG_NOSIGNAL,
  receive,
  SO_RCVTIMEO,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
  send,
  setsockopt,
  socket,
} from '../ffi/socket.ts';
import { withUnixAddress } from '../ffi/unix-address.ts';

/** Longer than any stop that a program which relays for others may have. */
const PATIENCE_SECONDS = 5n;
const PIECE = 4096;

/**
 * Asks a server on a unix socket, a line at a time, and waits for the line of its answer: synchronous, for questions
 * that take microseconds and whose answer is needed at once.
 */
export class LineRequests implements Disposable {
  readonly #fd: number;

  /** @throws SystemError ENOENT, ECONNREFUSED */
  constructor(path: string) {
    this.#fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    try {
      withUnixAddress(path, (address) => connect(this.#fd, address, address.length));
      // struct timeval { long seconds, microseconds }
      const patience = new BigInt64Array([PATIENCE_SECONDS, 0n]);
      setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, patience, patience.byteLength);
    } catch (error) {
      close(this.#fd);
      throw error;
    }
  }

  /** @throws SystemError EAGAIN when there is no answer in time, EPIPE; system when the server hangs up */
  request(line: string): string {
    const question = Buffer.from(`${line}\n`);
    for (let at = 0; at < question.length; ) {
      const rest = question.subarray(at);
      at += send(this.#fd, rest, rest.length, MSG_NOSIGNAL);
    }
    const answer: Buffer[] = [];
    for (;;) {
      const piece = Buffer.alloc(PIECE);
      const length = receive(this.#fd, piece);
      if (length === 0) throw systemError('the other side hung up before it answered');
      answer.push(piece.subarray(0, length));
      if (piece[length - 1] === 0x0a) return Buffer.concat(answer).toString('utf8').trimEnd();
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}
