import { writeSync } from 'node:fs';
import { codeOf } from '#lib/errors';
import { ClosedPipe } from '../errors.ts';

/** How long to wait for a full, non-blocking pipe before trying again. */
const RETRY_MS = 2;

/**
 * stdout or stderr. Writes are synchronous, as Node's own are for files, pipes and terminals on Linux, without the
 * milliseconds that loading its streams costs, and so nothing is left to flush at the end.
 */
export class Output {
  readonly fd: number;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** @throws ClosedPipe */
  write(data: string | Uint8Array): void {
    let bytes = typeof data === 'string' ? Buffer.from(data) : data;
    while (bytes.length > 0) {
      try {
        bytes = bytes.subarray(writeSync(this.fd, bytes));
      } catch (error) {
        if (codeOf(error) === 'EAGAIN') pause();
        else if (codeOf(error) === 'EPIPE') throw new ClosedPipe();
        else throw error;
      }
    }
  }

  line(text = ''): void {
    this.write(`${text}\n`);
  }
}

/** Somebody else made our pipe non-blocking; the only synchronous way to wait is to sleep. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
}
