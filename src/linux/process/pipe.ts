import { Socket } from 'node:net';
import { cancelled } from '#lib/errors';
import { O_CLOEXEC } from '../ffi/constants.ts';
import { pipe2 } from '../ffi/process.ts';

/** pipe2(O_CLOEXEC). */
export function pipe(): { read: number; write: number } {
  const ends = new Int32Array(2);
  pipe2(ends, O_CLOEXEC);
  return { read: ends[0] ?? -1, write: ends[1] ?? -1 };
}

/** What `readAll` and `run` keep of an output: 16 MiB. */
const DEFAULT_LIMIT = 16 * 1024 * 1024;

/** A line longer than this is no message that anybody waits for. */
const LINE_LIMIT = 1024 * 1024;

/**
 * Reads a descriptor that is a pipe until its end, then closes it. Beyond `limit` bytes (default
 * 16 MiB) it goes on reading, so that the writer does not stop, but keeps nothing.
 * @throws cancelled
 */
export async function readAll(fd: number, limit?: number, signal?: AbortSignal): Promise<Buffer> {
  const content = await collect(fd, limit, signal);
  if (signal?.aborted) throw cancelled();
  return content;
}

/** As `readAll`, but gives what it has when `stop` says so. */
export async function collect(fd: number, limit = DEFAULT_LIMIT, stop?: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let kept = 0;
  const take = (chunk: Buffer) => {
    const piece = chunk.subarray(0, limit - kept);
    if (piece.length > 0) chunks.push(piece);
    kept += piece.length;
    return false;
  };
  await consume(fd, take, stop);
  return Buffer.concat(chunks);
}

/**
 * First line of a pipe (or all of it when it ends before), without its newline, then closes it.
 * @throws cancelled
 */
export async function readLine(fd: number, signal?: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const take = (chunk: Buffer) => {
    chunks.push(chunk);
    length += chunk.length;
    return chunk.includes(0x0a) || length > LINE_LIMIT;
  };
  await consume(fd, take, signal);
  if (signal?.aborted) throw cancelled();
  const [line = ''] = Buffer.concat(chunks).toString('utf8').split('\n', 1);
  return line;
}

/** Feeds chunks to `take` until it says that it has enough, the end, or `stop`. */
function consume(fd: number, take: (chunk: Buffer) => boolean, stop?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = new Socket({ fd, readable: true, writable: false });
    const abort = () => socket.destroy();
    if (stop?.aborted) abort();
    stop?.addEventListener('abort', abort, { once: true });
    socket.on('data', (chunk: Buffer) => {
      if (take(chunk)) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      stop?.removeEventListener('abort', abort);
      resolve();
    });
  });
}
