import { parentPort, Worker, workerData } from 'node:worker_threads';
import { systemError } from '#lib/errors';
import { type PackedError, packError, unpackError } from '#lib/thread-error';

type Message =
  | { readonly type: 'more' }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'failure'; readonly failure: PackedError };

/** What a thread does with the bytes that it is given. */
export interface Sink<R> {
  /** At the end, whatever happened: lets go of what it has opened. */
  [Symbol.dispose]?(): void;
  push(chunk: Uint8Array): void;
  /** All bytes are there. */
  finish(): R;
}

/**
 * Feeds a stream to a thread of its own, no faster than it takes the bytes, and gives its result.
 * `script` is the thread's file: it calls `serveSink`. A failure of the thread destroys the stream,
 * a failure of the stream ends the thread.
 */
export async function feedThread<I, R>(script: URL, input: I, source: AsyncIterable<Uint8Array>): Promise<R> {
  const thread = new Worker(script, { workerData: input, trackUnmanagedFds: false });
  const result = Promise.withResolvers<R>();
  // Nobody may be waiting for it when the source fails first.
  result.promise.catch(() => {});
  let taken = Promise.withResolvers<void>();
  thread.on('message', (message: Message) => {
    if (message.type === 'more') taken.resolve();
    else if (message.type === 'result') result.resolve(message.result as R);
    else result.reject(unpackError(message.failure));
  });
  thread.on('error', result.reject);
  thread.on('exit', () => result.reject(systemError(`${script.pathname} ended without an answer`)));
  try {
    for await (const chunk of source) {
      taken = Promise.withResolvers<void>();
      thread.postMessage(chunk);
      await Promise.race([taken.promise, result.promise]);
    }
    thread.postMessage(undefined);
    return await result.promise;
  } finally {
    // Not terminated: that aborts the whole process if it hits the thread while it loads native code.
    thread.postMessage('end');
  }
}

/** In the thread: opens the sink and gives it the bytes as they arrive. */
export function serveSink<I, R>(open: (input: I) => Sink<R>): void {
  const port = parentPort;
  if (!port) throw new Error('this file is a worker thread, not a module');
  const send = (message: Message) => port.postMessage(message);
  const guard = (work: () => void) => {
    try {
      work();
    } catch (error) {
      send({ type: 'failure', failure: packError(error) });
      port.close();
    }
  };
  guard(() => {
    const sink = open(workerData as I);
    port.once('close', () => sink[Symbol.dispose]?.());
    port.on('message', (chunk: Uint8Array | undefined | 'end') =>
      guard(() => {
        if (chunk === 'end') port.close();
        else if (chunk) {
          sink.push(chunk);
          send({ type: 'more' });
        } else {
          send({ type: 'result', result: sink.finish() });
          port.close();
        }
      }),
    );
  });
}
