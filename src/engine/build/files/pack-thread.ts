// A thread that packs files of a finished step into the layer of a COPY.
import { DirectorySource } from '#engine/snapshots';
import { serveStream } from '#lib/thread-stream';
import { TAR_END, tarPadding } from '#oci/layer';
import { headerOf } from './pack.ts';
import type { PlacedEntry } from './place.ts';

export interface PackInput {
  readonly root: string;
  readonly entries: readonly PlacedEntry[];
}

async function* open({ root, entries }: PackInput): AsyncGenerator<Buffer, void> {
  const files = new DirectorySource(root);
  for (const { path, source, node } of entries) {
    yield headerOf(path, node);
    if (source === undefined || node.type !== 'file') continue;
    for await (const chunk of files.read(source))
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    yield tarPadding(node.size);
  }
  yield TAR_END;
}

await serveStream(open);
