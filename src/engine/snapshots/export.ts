import { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import { systemError } from '#lib/errors';
import type { ExportInput, ExportMessage } from './export-thread.ts';
import { revive } from './thread.ts';

/** A tar made by a thread of its own, which reads no faster than the tar is consumed. */
export function exportTar(input: ExportInput): Readable {
  let thread: Worker | undefined;
  let done = false;
  const stream = new Readable({
    highWaterMark: 1 << 20,
    read() {
      thread ??= start();
      thread.postMessage('more');
    },
    destroy(error, callback) {
      const ended = thread?.terminate() ?? Promise.resolve(0);
      void ended.then(() => callback(error));
    },
  });
  const start = () => {
    const worker = new Worker(new URL('./export-thread.ts', import.meta.url), { workerData: input });
    worker.on('message', (message: ExportMessage) => {
      if (message.type === 'chunk') stream.push(message.chunk);
      else if (message.type === 'failure') stream.destroy(revive(message));
      else {
        done = true;
        stream.push(null);
      }
    });
    worker.on('error', (error) => stream.destroy(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', () => {
      if (!done) stream.destroy(systemError('the thread that writes the archive has ended'));
    });
    return worker;
  };
  return stream;
}

/** A stream whose source takes time to open; closing it closes that too. */
export function deferred(open: () => Promise<{ stream: Readable } & AsyncDisposable>): Readable {
  return Readable.from(
    (async function* () {
      await using source = await open();
      yield* source.stream;
    })(),
    { objectMode: false, highWaterMark: 1 << 20 },
  );
}
