import {
  chmod,
  lchown,
  link,
  lstat,
  lutimes,
  mkdir,
  open,
  rm,
  rmdir,
  symlink,
  utimes,
} from 'node:fs/promises';
import { join } from 'node:path';
import { extract, type Header } from 'tar-stream';
import { codeOf } from '#lib/errors';
import { Exit } from '../../../errors.ts';
import { feed } from './feed.ts';
import type { Target } from './place.ts';

export interface UnpackOptions {
  /** The source was `/`: its entries have no common first component. */
  readonly fromRoot: boolean;
  /** Keep owner and group. */
  readonly keepOwner: boolean;
  /** What could not be made, such as a device as an ordinary user. */
  readonly warn: (message: string) => void;
}

/**
 * Unpacks what a daemon sent. The archive is not trusted: whoever runs in the container may have written the tree, so
 * no name leaves the target, and no path leads through a symbolic link that the archive itself may have planted.
 * @throws Exit
 */
export async function unpackTree(
  tar: AsyncIterable<Uint8Array>,
  target: Target,
  options: UnpackOptions,
): Promise<void> {
  const unpacker = new Unpacker(target, options);
  const archive = extract();
  const fed = feed(tar, archive);
  fed.catch(() => {});
  for await (const entry of archive) {
    await unpacker.take(entry.header, entry);
    entry.resume();
  }
  await fed;
  await unpacker.finish();
}

class Unpacker {
  readonly #target: Target;
  readonly #options: UnpackOptions;
  /** A directory's time changes with every file made in it: set at the end, the deepest first. */
  readonly #directories: { readonly path: string; readonly header: Header }[] = [];

  constructor(target: Target, options: UnpackOptions) {
    this.#target = target;
    this.#options = options;
  }

  async take(header: Header, content: AsyncIterable<unknown>): Promise<void> {
    const parts = this.#parts(header.name);
    if (parts.length === 0) return;
    const path = join(this.#target.directory, ...parts);
    await this.#checkParents(parts);
    switch (header.type) {
      case 'directory':
        return this.#directory(path, header);
      case 'file':
      case 'contiguous-file':
        await clear(path);
        // Exclusively: what appears at the path meanwhile is not written through.
        await writeNew(path, content);
        return this.#dress(path, header);
      case 'symlink':
        await clear(path);
        await symlink(header.linkname ?? '', path);
        return this.#dress(path, header);
      case 'link':
        await clear(path);
        return this.#hardLink(path, header);
      default:
        this.#options.warn(`skipped ${path}: it is a ${header.type ?? 'special file'}`);
    }
  }

  async finish(): Promise<void> {
    for (const { path, header } of this.#directories.reverse()) {
      await chmod(path, (header.mode ?? 0o755) & 0o7777);
      await utimes(path, header.mtime ?? new Date(), header.mtime ?? new Date());
    }
  }

  /** Components below the target directory: the first one of the archive gives way to the target's name. */
  #parts(name: string): string[] {
    const parts = name.split('/').filter((part) => part !== '');
    if (parts.includes('..')) throw new Exit(1, `refused: the archive has a path that leaves it: ${name}`);
    const below = this.#options.fromRoot ? parts.filter((part) => part !== '.') : parts.slice(1);
    const own = this.#target.name === '' ? [] : [this.#target.name];
    return [...own, ...below];
  }

  async #checkParents(parts: readonly string[]): Promise<void> {
    let path = this.#target.directory;
    for (const part of parts.slice(0, -1)) {
      path = join(path, part);
      const found = await lstat(path).catch(() => undefined);
      if (!found) await mkdir(path);
      else if (!found.isDirectory()) throw new Exit(1, `refused: ${path} is not a directory`);
    }
  }

  async #directory(path: string, header: Header): Promise<void> {
    const found = await lstat(path).catch(() => undefined);
    if (found && !found.isDirectory())
      throw new Exit(1, `cannot overwrite non-directory ${JSON.stringify(path)} with directory`);
    if (!found) await mkdir(path, { mode: 0o700 });
    if (this.#options.keepOwner) await lchown(path, header.uid ?? 0, header.gid ?? 0);
    this.#directories.push({ path, header });
  }

  async #hardLink(path: string, header: Header): Promise<void> {
    const parts = this.#parts(header.linkname ?? '');
    await this.#checkParents(parts);
    const existing = join(this.#target.directory, ...parts);
    if (parts.length === 0 || (await lstat(existing)).isSymbolicLink())
      throw new Exit(1, `refused: hard link ${path} to ${header.linkname}`);
    await link(existing, path);
  }

  async #dress(path: string, header: Header): Promise<void> {
    const time = header.mtime ?? new Date();
    if (this.#options.keepOwner) await lchown(path, header.uid ?? 0, header.gid ?? 0);
    // After the owner: changing it takes set-uid bits away.
    if (header.type !== 'symlink') await chmod(path, (header.mode ?? 0o644) & 0o7777);
    await lutimes(path, time, time);
  }
}

async function writeNew(path: string, content: AsyncIterable<unknown>): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  for await (const chunk of content) await file.writeFile(chunk as Uint8Array);
}

/** Makes room. @throws Exit when a directory with content is in the way */
async function clear(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isDirectory()) return rm(path);
  try {
    await rmdir(path);
  } catch (error) {
    if (codeOf(error) === 'ENOTEMPTY')
      throw new Exit(1, `cannot overwrite directory ${JSON.stringify(path)} with non-directory`);
    throw error;
  }
}
