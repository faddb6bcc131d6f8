// A thread that writes the tar of a tree: the changes of an upper directory, or all of a merged one.
import { parentPort, workerData } from 'node:worker_threads';
import { chrootThread } from '#linux/worker';
import { diffLayer, packTree } from '#oci/layer';
import { changesOf } from './changes.ts';
import { DirectorySource } from './directory-source.ts';
import { packError } from './thread.ts';

export interface ExportInput {
  readonly root: string;
  /** With lowers: only what differs from these, whiteouts included. */
  readonly lowers?: readonly string[];
}
export type ExportMessage =
  | { readonly type: 'chunk'; readonly chunk: Uint8Array<ArrayBuffer> }
  | { readonly type: 'end' }
  | ReturnType<typeof packError>;

/** Headers are half a kilobyte: they travel in company. */
const BATCH = 256 * 1024;

function open({ root, lowers }: ExportInput): AsyncGenerator<Buffer, void> {
  const changes = lowers && [...changesOf(root, lowers)];
  // A running container may swap directories for symlinks while we read: all paths stay below the root.
  chrootThread(root);
  const source = new DirectorySource('/');
  return changes ? diffLayer(changes, source) : packTree(members(source), source);
}

function* members(source: DirectorySource): Generator<{ path: string }, void> {
  for (const path of source.walk()) yield { path };
}

async function* batches(tar: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
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
  for await (const chunk of tar) {
    waiting.push(chunk);
    size += chunk.length;
    if (size >= BATCH) yield join();
  }
  if (size > 0) yield join();
}

async function serve(port: NonNullable<typeof parentPort>): Promise<void> {
  const send = (message: ExportMessage, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  let wanted = 0;
  let wake = () => {};
  port.on('message', () => {
    wanted++;
    wake();
  });
  try {
    for await (const chunk of batches(open(workerData as ExportInput))) {
      while (wanted === 0) await new Promise<void>((resolve) => (wake = resolve));
      wanted--;
      send({ type: 'chunk', chunk }, [chunk.buffer]);
    }
    send({ type: 'end' });
  } catch (error) {
    send(packError(error));
  }
  port.close();
}

if (parentPort) await serve(parentPort);
