import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '#lib/errors';
import { syncDirectory } from '#linux/files';
import { decodeWord, encodeWord, type Key, type ListOptions, type Records } from './storage.ts';

/** Records as files: `<root>/<kind>/<repository, its slashes as !>/<name>`. */
export class DiskRecords implements Records {
  readonly #root: string;
  readonly #temporary: string;

  /** @param temporary a directory of the same file system, for files that are being written */
  constructor(root: string, temporary: string) {
    this.#root = root;
    this.#temporary = temporary;
  }

  async get(key: Key): Promise<Buffer | undefined> {
    return readFile(this.#path(key)).catch(missing(undefined));
  }

  async put(key: Key, content: Buffer): Promise<void> {
    const path = this.#path(key);
    const temporary = join(this.#temporary, randomBytes(8).toString('hex'));
    try {
      const file = await open(temporary, 'wx', 0o600);
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#place(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncDirectory(dirname(path));
  }

  async delete(key: Key): Promise<void> {
    const path = this.#path(key);
    await rm(path, { force: true });
    await syncDirectory(dirname(path)).catch(missing(undefined));
  }

  async list(collection: Key, { after, limit }: ListOptions = {}): Promise<string[]> {
    const entries = await readdir(this.#path(collection), { withFileTypes: true }).catch(missing([]));
    const from = after === undefined ? undefined : encodeWord(after);
    return entries
      .filter((entry) => entry.isFile() && (from === undefined || entry.name > from))
      .map(({ name }) => name)
      .toSorted(byBytes)
      .slice(0, limit)
      .map(decodeWord);
  }

  async groups(collection: Key): Promise<string[]> {
    const entries = await readdir(this.#path(collection), { withFileTypes: true }).catch(missing([]));
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .toSorted(byBytes)
      .map(decodeWord);
  }

  /** Directories are made when the first file needs them. */
  async #place(temporary: string, path: string): Promise<void> {
    try {
      await rename(temporary, path);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      const made = await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await rename(temporary, path);
      for (let at = dirname(path); made && at.length >= made.length; at = dirname(at)) {
        await syncDirectory(dirname(at));
      }
    }
  }

  #path(key: Key): string {
    return join(this.#root, ...key.map(encodeWord));
  }
}

const byBytes = (a: string, b: string): number => (a < b ? -1 : 1);

const missing =
  <T>(instead: T) =>
  (error: unknown): T => {
    if (codeOf(error) === 'ENOENT') return instead;
    throw error;
  };
