import { Readable } from 'node:stream';
import { threadStream } from '#lib/thread-stream';
import type { ExportInput } from './export-thread.ts';

/** A tar made by a thread of its own, which reads no faster than the tar is consumed. */
export const exportTar = (input: ExportInput): Readable =>
  threadStream(new URL('./export-thread.ts', import.meta.url), input);

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
