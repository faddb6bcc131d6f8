import type { Stats } from 'node:fs';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { type Header, type Pack, pack } from 'tar-stream';
import { Exit } from '../../../errors.ts';

type Sink = ReturnType<Pack['entry']>;
export type EntryHeader = Partial<Header> & { readonly name: string };

const CHUNK = 256 * 1024;

export interface PackOptions {
  /** Name of the top in the archive; '' for its contents only. */
  readonly name: string;
  /** Copy what the top points to, not the link. */
  readonly followLink: boolean;
}

export interface PackRules {
  /** What becomes of a header: another owner, another mode. */
  readonly adapt?: (header: EntryHeader) => EntryHeader;
  /** By the path on this machine. */
  readonly leavesOut?: (path: string) => boolean;
}

/** A file or a directory of this machine as tar. Links are kept, hard links among the copied files too. */
export const packTree = (path: string, options: PackOptions): AsyncGenerator<Uint8Array, void> =>
  packTrees([{ path, ...options }]);

/** Several, as one tar. */
export async function* packTrees(
  trees: readonly ({ readonly path: string } & PackOptions)[],
  rules: PackRules = {},
): AsyncGenerator<Uint8Array, void> {
  const archive = pack();
  const packer = new Packer(archive, rules);
  const packed = async () => {
    for (const { path, name, followLink } of trees) await packer.add(path, name, followLink);
  };
  packed().then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  for await (const chunk of archive) yield chunk as Uint8Array;
}

class Packer {
  readonly #archive: Pack;
  readonly #rules: PackRules;
  /** `device:inode` of files with several names -> the name packed first. */
  readonly #linked = new Map<string, string>();

  constructor(archive: Pack, rules: PackRules) {
    this.#archive = archive;
    this.#rules = rules;
  }

  async add(path: string, name: string, follow: boolean): Promise<void> {
    const found = follow ? await stat(path) : await lstat(path);
    const leftOut = this.#rules.leavesOut?.(path) ?? false;
    if (found.isDirectory()) {
      if (name !== '' && !leftOut)
        await this.#entry({ ...common(found), name: `${name}/`, type: 'directory' });
      for (const child of (await readdir(path)).toSorted()) {
        await this.add(`${path}/${child}`, name === '' ? child : `${name}/${child}`, false);
      }
    } else if (leftOut) {
      // Of a directory that is left out, something may be taken all the same; of a file nothing.
    } else if (found.isSymbolicLink()) {
      await this.#entry({ ...common(found), name, type: 'symlink', linkname: await readlink(path) });
    } else if (found.isFile()) {
      await this.#file(path, name, found);
    } else if (found.isFIFO()) {
      await this.#entry({ ...common(found), name, type: 'fifo' });
    } else if (found.isCharacterDevice() || found.isBlockDevice()) {
      const type = found.isBlockDevice() ? 'block-device' : 'character-device';
      await this.#entry({
        ...common(found),
        name,
        type,
        devmajor: major(found.rdev),
        devminor: minor(found.rdev),
      });
    }
    // A socket means nothing without the process behind it.
  }

  async #file(path: string, name: string, found: Stats): Promise<void> {
    const key = `${found.dev}:${found.ino}`;
    const first = found.nlink > 1 ? this.#linked.get(key) : undefined;
    if (first !== undefined) return this.#entry({ ...common(found), name, type: 'link', linkname: first });
    if (found.nlink > 1) this.#linked.set(key, name);
    await this.#content({ ...common(found), name, type: 'file', size: found.size }, path);
  }

  #adapted(header: EntryHeader): EntryHeader {
    return this.#rules.adapt?.(header) ?? header;
  }

  #entry(header: EntryHeader): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#archive.entry(this.#adapted(header), (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Exactly as many bytes as the header says, whatever happens to the file meanwhile. */
  async #content(header: EntryHeader, path: string): Promise<void> {
    const size = header.size ?? 0;
    const packed = Promise.withResolvers<void>();
    packed.promise.catch(() => {});
    const entry = this.#archive.entry(this.#adapted(header), (error) =>
      error ? packed.reject(error) : packed.resolve(),
    );
    let sent = 0;
    for await (const chunk of firstBytes(path, size)) {
      sent += chunk.length;
      if (!entry.write(chunk)) await Promise.race([drained(entry), packed.promise]);
    }
    if (sent !== size) throw new Exit(1, `${path} became shorter while it was read`);
    entry.end(null);
    await packed.promise;
  }
}

const firstBytes = (path: string, size: number): AsyncIterable<Buffer> | readonly Buffer[] =>
  size === 0 ? [] : createReadStream(path, { end: size - 1, highWaterMark: CHUNK });

const drained = (entry: Sink) => new Promise<void>((resolve) => entry.once('drain', () => resolve()));

const common = (found: Stats) => ({
  mode: found.mode & 0o7777,
  uid: found.uid,
  gid: found.gid,
  mtime: found.mtime,
});

// The kernel's split of a device number (makedev(3)).
const major = (device: number) => ((device >> 8) & 0xfff) | (Math.floor(device / 2 ** 32) & ~0xfff);
const minor = (device: number) => (device & 0xff) | (Math.floor(device / 2 ** 12) & 0xfff00);
