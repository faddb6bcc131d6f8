import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { codeOf } from '#lib/errors';

/** A file of a log: `<path>`, the live one, `<path>.1`, the newest of the rotated, `<path>.2.gz`... */
export interface SegmentName {
  readonly path: string;
  /** 0: the live file. */
  readonly age: number;
  readonly compressed: boolean;
}

/** The files of a log that are there, oldest first. */
export async function listSegments(path: string): Promise<SegmentName[]> {
  const found = new Map<number, SegmentName>();
  for (const file of await listFiles(path)) {
    if (file.temporary) continue;
    // Both forms of one file: a crash came between compressing and removing. The plain one is whole.
    if (!file.compressed || !found.has(file.age)) found.set(file.age, file);
  }
  return [...found.values()].sort((a, b) => b.age - a.age);
}

/** Everything that belongs to a log, half-made compressed files included. */
export async function listFiles(path: string): Promise<(SegmentName & { readonly temporary: boolean })[]> {
  const base = basename(path);
  const names = await readdir(dirname(path)).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  return names.flatMap((name) => {
    if (!name.startsWith(base)) return [];
    const [whole, age, gzip, temporary] =
      /^(?:\.(\d{1,9})(\.gz)?(\.tmp)?)?$/.exec(name.slice(base.length)) ?? [];
    if (whole === undefined) return [];
    return {
      path: join(dirname(path), name),
      age: Number(age ?? 0),
      compressed: gzip !== undefined,
      temporary: temporary !== undefined,
    };
  });
}

const CHUNK = 64 * 1024;

/** An open file of a log. Stays readable when it is rotated or removed meanwhile. */
export class Segment {
  readonly compressed: boolean;
  readonly #file: FileHandle;
  /** Of the file, whatever its name is by now. */
  readonly inode: bigint;
  /** Of the last write, in nanoseconds; entries are not younger. */
  readonly modified: bigint;
  #closed = false;

  private constructor(file: FileHandle, compressed: boolean, inode: bigint, modified: bigint) {
    this.#file = file;
    this.compressed = compressed;
    this.inode = inode;
    this.modified = modified;
  }

  /** Undefined when it is not there any more. */
  static async open(name: SegmentName): Promise<Segment | undefined> {
    try {
      const file = await open(name.path, 'r');
      const { ino, mtimeNs } = await file.stat({ bigint: true });
      return new Segment(file, name.compressed, ino, mtimeNs);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async size(): Promise<number> {
    return (await this.#file.stat()).size;
  }

  /** The bytes there are at `position`, at most `length`; empty at the end of the file. Plain files only. */
  async read(position: number, length: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(length);
    const { bytesRead } = await this.#file.read(buffer, 0, length, position);
    return buffer.subarray(0, bytesRead);
  }

  /** The uncompressed bytes from the beginning. What is damaged ends it early. */
  async *uncompressed(): AsyncGenerator<Buffer> {
    const source = Readable.from(this.#whole());
    const unzip = source.pipe(createGunzip());
    source.on('error', (error) => unzip.destroy(error));
    try {
      for await (const chunk of unzip) yield chunk as Buffer;
    } catch (error) {
      if (!codeOf(error)?.startsWith('Z_')) throw error;
    } finally {
      source.destroy();
    }
  }

  async *#whole(): AsyncGenerator<Buffer> {
    for (let position = 0; ; ) {
      const chunk = await this.read(position, CHUNK);
      if (chunk.length === 0) return;
      position += chunk.length;
      yield chunk;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
  }
}

const ATTEMPTS = 10;

/** Opens all files of a log, oldest first, as they were at one instant: a rotation in between begins anew. */
export async function openSegments(path: string): Promise<Segment[]> {
  for (let attempt = 1; ; attempt++) {
    const names = await listSegments(path);
    const opened = await Promise.all(names.map((name) => Segment.open(name)));
    const segments = opened.filter((segment) => segment !== undefined);
    if (attempt === ATTEMPTS || (await isUnchanged(path, names, opened))) return segments;
    await closeAll(segments);
  }
}

async function isUnchanged(
  path: string,
  names: readonly SegmentName[],
  opened: readonly (Segment | undefined)[],
): Promise<boolean> {
  const again = await listSegments(path);
  if (again.length !== names.length) return false;
  const inodes = await Promise.all(again.map((name) => inodeOf(name.path)));
  return inodes.every((inode, i) => again[i]?.path === names[i]?.path && inode === opened[i]?.inode);
}

/** Undefined when there is no such file. */
export async function inodeOf(path: string): Promise<bigint | undefined> {
  try {
    return (await stat(path, { bigint: true })).ino;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export const closeAll = (segments: readonly Segment[]) =>
  Promise.all(segments.map((segment) => segment.close()));
