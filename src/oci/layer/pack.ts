import { TAR_END, tarHeader, tarPadding } from '#oci/tar';
import { withoutOverlayXattrs } from './overlay-xattrs.ts';
import type { SourceNode, TreeSource } from './source.ts';
import type { NodeType } from './target.ts';

const SECOND = 1_000_000_000n;

export interface TreeMember {
  /** Where it is in the source. */
  readonly path: string;
  /** What it is called in the archive. Default: its path. */
  readonly name?: string | undefined;
}

/**
 * A tar of these members, in their order: for export and `docker cp`. Hard links among them stay hard
 * links. Times are whole seconds, as Docker's archives have them. Sockets cannot be archived and are left out.
 */
export async function* packTree(
  members: Iterable<TreeMember> | AsyncIterable<TreeMember>,
  source: TreeSource,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void> {
  const packer = new Packer(source);
  for await (const { path, name = path } of members) {
    signal?.throwIfAborted();
    yield* packer.member(path, name);
  }
  yield TAR_END;
}

/** Writes members one by one and remembers the first name of every inode. */
export class Packer {
  readonly #source: TreeSource;
  readonly #firstNames = new Map<string, string>();

  constructor(source: TreeSource) {
    this.#source = source;
  }

  async *member(path: string, name: string): AsyncGenerator<Buffer, void> {
    const node = await this.#source.lstat(path);
    if (node === undefined || node.type === 'socket') return;
    const xattrs = await this.#source.xattrs(path);
    const first = node.inode === undefined ? undefined : this.#firstNames.get(node.inode);
    if (node.inode !== undefined && first === undefined && node.type !== 'directory') {
      this.#firstNames.set(node.inode, name);
    }
    const link = first ?? (node.type === 'symlink' ? await this.#source.readlink(path) : '');
    const type = first === undefined ? typeOf(node) : 'link';
    yield tarHeader({
      path: name === '' ? './' : name,
      type,
      mode: node.mode,
      uid: node.uid,
      gid: node.gid,
      size: type === 'file' ? node.size : 0,
      mtime: wholeSeconds(node.mtime),
      link,
      major: node.major,
      minor: node.minor,
      xattrs: withoutOverlayXattrs(xattrs),
    });
    if (type === 'file') yield* this.#body(path, node.size);
  }

  /** Exactly `size` bytes: the header has promised them, and the file may be growing or shrinking meanwhile. */
  async *#body(path: string, size: number): AsyncGenerator<Buffer, void> {
    let left = size;
    if (left > 0) {
      for await (const chunk of this.#source.read(path)) {
        const part = chunk.subarray(0, Math.min(left, chunk.length));
        yield Buffer.from(part.buffer, part.byteOffset, part.byteLength);
        left -= part.length;
        if (left === 0) break;
      }
    }
    while (left > 0) {
      const zeros = Buffer.alloc(Math.min(left, 64 * 1024));
      yield zeros;
      left -= zeros.length;
    }
    yield tarPadding(size);
  }
}

const typeOf = ({ type }: SourceNode): Exclude<NodeType, 'socket'> => (type === 'socket' ? 'file' : type);

/** Rounded down, also before 1970. */
const wholeSeconds = (nanoseconds: bigint): bigint =>
  nanoseconds - (((nanoseconds % SECOND) + SECOND) % SECOND);
