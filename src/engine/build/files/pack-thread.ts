// A thread that packs files of a finished step into members of a layer.
import { DirectorySource } from '#engine/snapshots';
import { serveStream } from '#lib/thread-stream';
import { tarPadding } from '#oci/layer';
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
}

await serveStream(open);
