// A thread that writes the tar of one path of a container.
import { DirectorySource } from '#engine/snapshots';
import { serveStream } from '#lib/thread-stream';
import { packTree, pathFromBytes, type TreeMember } from '#oci/layer';
import { enterView, lookUp, type PathInput } from './archive-view.ts';

function open({ view, path }: PathInput): AsyncGenerator<Buffer, void> {
  enterView(view);
  const { real, name, stats } = lookUp(path);
  // Names are bytes to #oci/layer; what came with the request is text.
  const top = pathFromBytes(Buffer.from(real.slice(1)));
  const root = pathFromBytes(Buffer.from(name));
  const source = new DirectorySource('/', view.idMap);
  return packTree(members(source, top, root, stats.isDirectory()), source);
}

/** The path itself, then everything below it, under the name that was asked for. */
function* members(
  source: DirectorySource,
  top: string,
  name: string,
  directory: boolean,
): Generator<TreeMember, void> {
  yield { path: top, name };
  if (!directory) return;
  const prefix = name === '/' ? '/' : `${name}/`;
  for (const path of source.walk(top)) {
    const below = top === '' ? path : path.slice(top.length + 1);
    yield { path, name: prefix + below };
  }
}

await serveStream(open);
