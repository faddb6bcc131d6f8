// A thread that takes in the archive of a build context: writes it to disk, lists and hashes its members.
import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { invalid } from '#lib/errors';
import { type Sink, serveSink } from '#lib/thread-sink';
import { cleanPath, type TarEntry, TarReader } from '#oci/layer';
import type { TarNode } from './tar-tree.ts';

export interface ContextInput {
  readonly path: string;
}

const DIRECTORY = { type: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0, mtime: 0n } as const;
const NOTHING = {
  link: '',
  major: 0,
  minor: 0,
  xattrs: new Map<string, Uint8Array>(),
  digest: '',
  offset: 0,
};

/** What a build copies are files, directories and links; devices stay outside. */
const KINDS: readonly string[] = ['file', 'directory', 'symlink', 'link', 'fifo'];

class ContextSink implements Sink<ReadonlyMap<string, TarNode>> {
  readonly #fd: number;
  readonly #nodes = new Map<string, TarNode>([['', { ...DIRECTORY, ...NOTHING }]]);
  readonly #reader = new TarReader({
    entry: (entry) => this.#begin(entry),
    body: (chunk) => void this.#hash?.update(chunk),
    end: () => this.#end(),
  });
  #entry: { readonly path: string; readonly entry: TarEntry } | undefined;
  #hash: Hash | undefined;

  constructor({ path }: ContextInput) {
    this.#fd = openSync(path, 'wx', 0o600);
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) at += writeSync(this.#fd, chunk, at);
    this.#reader.push(chunk);
  }

  finish(): ReadonlyMap<string, TarNode> {
    this.#reader.close();
    closeSync(this.#fd);
    return this.#nodes;
  }

  #begin(entry: TarEntry): void {
    this.#entry = { path: cleanPath(entry.path, 'build context entry'), entry };
    this.#hash = entry.type === 'file' ? createHash('sha256') : undefined;
  }

  #end(): void {
    const begun = this.#entry;
    if (!begun || !KINDS.includes(begun.entry.type)) return;
    const { path, entry } = begun;
    this.#makeParents(path);
    const node = entry.type === 'link' ? this.#linked(path, entry) : this.#node(entry);
    this.#remove(path, node.type);
    this.#nodes.set(path, node);
  }

  #node(entry: TarEntry): TarNode {
    const { mode, uid, gid, mtime, link, xattrs, offset, segments, fileSize } = entry;
    return {
      type: entry.type === 'link' ? 'file' : entry.type,
      mode,
      uid,
      gid,
      size: entry.type === 'file' ? fileSize : 0,
      mtime,
      link,
      major: 0,
      minor: 0,
      xattrs,
      digest: this.#hash?.digest('hex') ?? '',
      offset,
      segments,
    };
  }

  /** Another name of a file that came before. */
  #linked(path: string, { link }: TarEntry): TarNode {
    const target = this.#nodes.get(cleanPath(link, 'build context entry'));
    if (!target || target.type === 'directory') {
      throw invalid(`build context entry "${path}" is a hard link to "${link}", which is not in the archive`);
    }
    return target;
  }

  /** An archive may say less than every directory. */
  #makeParents(path: string): void {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      const known = this.#nodes.get(parent);
      if (known && known.type !== 'directory') {
        throw invalid(`build context entry "${path}" lies below "${parent}", which is not a directory`);
      }
      if (!known) this.#nodes.set(parent, { ...DIRECTORY, ...NOTHING });
    }
  }

  /** What comes later replaces what was there, with all below it. */
  #remove(path: string, type: TarNode['type']): void {
    const known = this.#nodes.get(path);
    if (!known || known.type !== 'directory' || type === 'directory') return;
    for (const name of this.#nodes.keys()) if (name.startsWith(`${path}/`)) this.#nodes.delete(name);
  }
}

serveSink((input: ContextInput) => new ContextSink(input));
