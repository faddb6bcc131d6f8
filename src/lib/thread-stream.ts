import { Readable } from 'node:stream';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { systemError } from '#lib/errors';
import { type PackedError, packError, unpackError } from '#lib/thread-error';

type Message =
  | { readonly type: 'chunk'; readonly chunk: Uint8Array<ArrayBuffer> }
  | { readonly type: 'end' }
  | { readonly type: 'failure'; readonly failure: PackedError };

/** Small pieces (a tar's headers are half a kilobyte) travel in company. */
const BATCH = 256 * 1024;

/**
 * What a thread of its own produces, which works no faster than the stream is read. `script` is the
 * thread's file: it calls `serveStream`. Destroying the stream ends the thread.
 */
export function threadStream<I>(script: URL, input: I): Readable {
  let thread: Worker | undefined;
  let done = false;
  let exited = false;
  const stream = new Readable({
    highWaterMark: 1 << 20,
    read() {
      thread ??= start();
      thread.postMessage('more');
    },
    destroy(error, callback) {
      done = true;
      if (!thread || exited) return callback(error);
      // Not terminated: that aborts the whole process if it hits the thread while it loads native code.
      thread.once('exit', () => callback(error));
      thread.postMessage('end');
    },
  });
  const start = () => {
    const worker = new Worker(script, { workerData: input, trackUnmanagedFds: false });
    worker.on('message', (message: Message) => {
      if (message.type === 'chunk') stream.push(message.chunk);
      else if (message.type === 'failure') stream.destroy(unpackError(message.failure));
      else {
        done = true;
        stream.push(null);
      }
    });
    worker.on('error', (error) => stream.destroy(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => {
      exited = true;
      if (!done) stream.destroy(systemError(`${script.pathname} ended before its stream did`));
    });
    return worker;
  };
  return stream;
}

/** In the thread: opens the source and hands over its bytes as they are asked for. */
export async function serveStream<I>(open: (input: I) => AsyncIterable<Buffer>): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('this file is a worker thread, not a module');
  const send = (message: Message, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  let wanted = 0;
  let ended = false;
  let wake = () => {};
  port.on('message', (message: 'more' | 'end') => {
    if (message === 'end') ended = true;
    else wanted++;
    wake();
  });
  try {
    for await (const chunk of batches(open(workerData as I))) {
      while (wanted === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
      if (ended) break;
      wanted--;
      send({ type: 'chunk', chunk }, [chunk.buffer]);
    }
    send({ type: 'end' });
  } catch (error) {
    send({ type: 'failure', failure: packError(error) });
  }
  port.close();
}

async function* batches(source: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  let waiting: Buffer[] = [];
  let size = 0;
  const join = () => {
    // Of its own memory: it is handed over, not copied.
    const batch = new Uint8Array(size);
    let at = 0;
    for (const chunk of waiting) {
      batch.set(chunk, at);
      at += chunk.length;
    }
    waiting = [];
    size = 0;
    return batch;
  };
  for await (const chunk of source) {
    waiting.push(chunk);
    size += chunk.length;
    if (size >= BATCH) yield join();
  }
  if (size > 0) yield join();
}
