// A thread that packs changes of a finished file system into a layer.
import { DirectorySource } from '#engine/snapshots';
import { serveStream } from '#lib/thread-stream';
import { type Change, diffLayer } from '#oci/layer';

export interface SquashInput {
  readonly root: string;
  readonly changes: readonly Change[];
}

await serveStream(({ root, changes }: SquashInput) => diffLayer(changes, new DirectorySource(root)));
