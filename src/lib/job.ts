import { parentPort, Worker, workerData } from 'node:worker_threads';
import { systemError } from '#lib/errors';
import { type PackedError, packError, unpackError } from '#lib/thread-error';

type Message =
  | { readonly type: 'news'; readonly news: unknown }
  | { readonly type: 'result'; readonly result: unknown }
  | { readonly type: 'failure'; readonly failure: PackedError };

/**
 * Runs one job in a thread of its own, which ends with it. `script` is its file: it calls `serveJob`.
 * Errors come back with what they said (`unpackError`).
 */
export function runJob<I, R, N = never>(script: URL, input: I, onNews?: (news: N) => void): Promise<R> {
  return new Promise((resolve, reject) => {
    // Descriptors of #linux calls are closed through node:fs, which would complain of what it did not open.
    const thread = new Worker(script, { workerData: input, trackUnmanagedFds: false });
    thread.on('message', (message: Message) => {
      if (message.type === 'news') onNews?.(message.news as N);
      else if (message.type === 'result') resolve(message.result as R);
      else reject(unpackError(message.failure));
    });
    thread.on('error', reject);
    thread.on('exit', (code) =>
      reject(systemError(`${script.pathname} ended without an answer (exit code ${code})`)),
    );
  });
}

/** In the thread: does the job it was started for. `tell` sends news while it works. */
export async function serveJob<I, R, N = never>(
  work: (input: I, tell: (news: N) => void) => R | Promise<R>,
): Promise<void> {
  const send = (message: Message) => parentPort?.postMessage(message);
  try {
    const result = await work(workerData as I, (news) => send({ type: 'news', news }));
    send({ type: 'result', result });
  } catch (error) {
    send({ type: 'failure', failure: packError(error) });
  }
}
