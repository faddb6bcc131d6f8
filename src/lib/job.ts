import { parentPort, Worker, workerData } from 'node:worker_threads';
import { BerthError, codeOf, type ErrorKind, messageOf, systemError } from '#lib/errors';

type Message =
  | { readonly type: 'news'; readonly news: unknown }
  | { readonly type: 'result'; readonly result: unknown }
  | {
      readonly type: 'failure';
      readonly kind: ErrorKind | undefined;
      readonly code?: string;
      readonly message: string;
    };

/**
 * Runs one job in a thread of its own, which ends with it. `script` is its file: it calls `serveJob`.
 * Errors come back as they were thrown, as far as kind, code and message go.
 */
export function runJob<I, R, N = never>(script: URL, input: I, onNews?: (news: N) => void): Promise<R> {
  return new Promise((resolve, reject) => {
    // Descriptors of #linux calls are closed through node:fs, which would complain of what it did not open.
    const thread = new Worker(script, { workerData: input, trackUnmanagedFds: false });
    thread.on('message', (message: Message) => {
      if (message.type === 'news') onNews?.(message.news as N);
      else if (message.type === 'result') resolve(message.result as R);
      else reject(revive(message));
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
    send(packError(error));
  }
}

/** An error's class does not survive the way between threads: what matters of it does. */
export function packError(error: unknown): Extract<Message, { type: 'failure' }> {
  const code = codeOf(error);
  const kind = error instanceof BerthError ? error.kind : undefined;
  return { type: 'failure', kind, message: messageOf(error), ...(code !== undefined && { code }) };
}

export function revive({ kind, code, message }: Extract<Message, { type: 'failure' }>): Error {
  const error = kind ? new BerthError(kind, message) : new Error(message);
  return code === undefined ? error : Object.assign(error, { code });
}
