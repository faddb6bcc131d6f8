import { type FileHandle, open } from 'node:fs/promises';
import { tarHeader, tarPadding } from '#oci/layer';
import type { PlacedEntry } from './place.ts';
import type { TarTree } from './tar-tree.ts';
import type { TreeNode } from './tree.ts';

/** `as`: another name of a file that came before, its target in `link`. */
export function headerOf(path: string, node: TreeNode, as?: 'link'): Buffer {
  const type = as ?? (node.type === 'socket' ? 'file' : node.type);
  return tarHeader({
    path: path === '' ? './' : path,
    type,
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    size: type === 'file' ? node.size : 0,
    mtime: node.mtime,
    link: node.link,
    major: node.major,
    minor: node.minor,
    xattrs: node.xattrs,
  });
}

/** Members of a layer from a build context; the end mark is the caller's. */
export async function* packFromTar(
  entries: readonly PlacedEntry[],
  tree: TarTree,
): AsyncGenerator<Buffer, void> {
  await using archive = await open(tree.path, 'r');
  const reader = new AheadReader(archive);
  for (const { path, source, node } of entries) {
    yield headerOf(path, node);
    const member = source === undefined ? undefined : tree.lstat(source);
    if (member?.type !== 'file') continue;
    if (member.segments) yield* expandSparse(reader, member.offset, member.segments, member.size);
    else yield* reader.read(member.offset, member.size);
    yield tarPadding(node.size);
  }
}

const AHEAD = 1 << 20;

/** Reads an archive in large pieces: its members are mostly wanted one after the other. */
class AheadReader {
  readonly #file: FileHandle;
  #buffer = Buffer.alloc(0);
  #start = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async *read(offset: number, size: number): AsyncGenerator<Buffer, void> {
    let at = offset;
    const end = offset + size;
    while (at < end) {
      if (at < this.#start || at >= this.#start + this.#buffer.length) await this.#fill(at);
      const from = at - this.#start;
      const part = this.#buffer.subarray(from, Math.min(this.#buffer.length, from + end - at));
      if (part.length === 0) throw new Error(`the build context has been cut short at ${at}`);
      yield part;
      at += part.length;
    }
  }

  async #fill(at: number): Promise<void> {
    const { buffer, bytesRead } = await this.#file.read(Buffer.allocUnsafe(AHEAD), 0, AHEAD, at);
    this.#buffer = buffer.subarray(0, bytesRead);
    this.#start = at;
  }
}

/** The holes of a sparse file become zeros. */
async function* expandSparse(
  reader: AheadReader,
  offset: number,
  segments: readonly { readonly offset: number; readonly length: number }[],
  size: number,
): AsyncGenerator<Buffer, void> {
  let stored = offset;
  let at = 0;
  for (const segment of segments) {
    yield* zeros(segment.offset - at);
    yield* reader.read(stored, segment.length);
    stored += segment.length;
    at = segment.offset + segment.length;
  }
  yield* zeros(size - at);
}

function* zeros(count: number): Generator<Buffer, void> {
  for (let left = count; left > 0; left -= AHEAD) yield Buffer.alloc(Math.min(left, AHEAD));
}
