import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import type { Point, Resume } from './messages.ts';

/** One block of every disk: a write of it is whole or has not been. */
const SIZE = 512;

/**
 * The file in which a container's log notes how far it has been delivered. It is written with every delivery, into the
 * page cache: the death of the process loses nothing, that of the host the last seconds, which are delivered again then.
 */
export class PositionFile implements Disposable {
  readonly #path: string;
  #fd: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** Undefined when nothing has been delivered, or nobody knows what has. */
  read(): Resume | undefined {
    try {
      const { stdout, stderr } = JSON.parse(readFileSync(this.#path, 'utf8')) as Stored;
      return { stdout: decode(stdout), stderr: decode(stderr) };
    } catch {
      return undefined;
    }
  }

  /** Microseconds. @throws when the disk is full */
  write({ stdout, stderr }: Resume): void {
    this.#fd ??= openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const text = JSON.stringify({ stdout: encode(stdout), stderr: encode(stderr) });
    writeSync(this.#fd, `${text.padEnd(SIZE - 1)}\n`, 0);
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** JSON has no 64-bit integers. */
interface StoredPoint {
  readonly inode: string;
  readonly offset: number;
  readonly time: string;
  readonly piece?: Point['piece'];
}

interface Stored {
  readonly stdout: StoredPoint;
  readonly stderr: StoredPoint;
}

const encode = ({ inode, offset, time, piece }: Point): StoredPoint => ({
  inode: String(inode),
  offset,
  time: String(time),
  ...(piece && { piece }),
});

const decode = ({ inode, offset, time, piece }: StoredPoint): Point => ({
  inode: BigInt(inode),
  offset,
  time: BigInt(time),
  ...(piece && { piece }),
});
