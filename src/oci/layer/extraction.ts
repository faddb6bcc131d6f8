import { codeOf, invalid } from '#lib/errors';
import type { TarEntry } from '#oci/tar';
import { withoutOverlayXattrs } from './overlay-xattrs.ts';
import type { Owner } from './owner.ts';
import { Parents } from './parents.ts';
import { joinPath, parentOf, shorten } from './path.ts';
import type { LayerFile, LayerTarget, NodeType } from './target.ts';

/** The kernel's dev_t: 12 bits of major and 20 of minor number. */
const MAX_MAJOR = 0xfff;
const MAX_MINOR = 0xfffff;

export interface ExtractionOptions {
  readonly keepTypes?: boolean | undefined;
  readonly owner?: ((archived: Owner) => Owner) | undefined;
}

/**
 * Puts the entries of one layer into a target, in their order: a later entry replaces an earlier one of
 * the same name, as if each were unpacked over what is there. Paths are clean (see `cleanPath`).
 */
export class Extraction {
  readonly #target: LayerTarget;
  readonly #options: ExtractionOptions;
  readonly #parents: Parents;
  /** Set at the end: whatever is put into a directory changes its time. */
  readonly #directoryTimes = new Map<string, bigint>();
  /** Marks that this layer has made in an unmerged target. */
  readonly #whiteouts = new Set<string>();
  /** What this layer has put into a merged target, or names as a parent: whiteouts are for the layers below only. */
  readonly #placed = new Set<string>();

  constructor(target: LayerTarget, options: ExtractionOptions) {
    this.#target = target;
    this.#options = options;
    this.#parents = new Parents(target, (path) => this.#makeParent(path));
  }

  /** Creates what the entry says; returns the file that its body must be written to, if it has one. @throws invalid */
  create(path: string, entry: TarEntry): LayerFile | undefined {
    const place = this.#parents.place(path);
    // Overlay's own mark, spelled out in the archive: it must mean the same with every storage driver.
    if (entry.type === 'char' && entry.major === 0 && entry.minor === 0) {
      this.#hide(place);
      return undefined;
    }
    if (entry.type === 'link' && this.#parents.find(entry.link) === place)
      return this.#linkToItself(place, entry);
    const existing = this.#target.lstat(place);
    this.#refuseTypeChange(place, entry, existing);
    if (entry.type === 'directory') {
      this.#makeDirectory(place, existing);
      this.#setMetadata(place, entry);
      this.#directoryTimes.set(place, entry.mtime);
      this.#note(place);
      return undefined;
    }
    if (place === '') throw invalid(`tar archive would replace the root directory by a ${entry.type}`);
    if (existing !== undefined) this.#remove(place, existing);
    this.#note(place);
    if (entry.type === 'file') return this.#target.createFile(place, entry);
    if (entry.type === 'link') {
      this.#link(place, entry);
      return undefined;
    }
    this.#makeNode(place, entry);
    this.#setMetadata(place, entry);
    this.#target.setTimes(place, entry.mtime);
    return undefined;
  }

  /** The body is written: give the file its metadata. */
  complete(file: LayerFile, entry: TarEntry): void {
    file.chown(this.#ownerOf(entry));
    for (const [name, value] of withoutOverlayXattrs(entry.xattrs)) file.setXattr(name, value);
    file.chmod(entry.mode);
    file.setTimes(entry.mtime);
  }

  whiteout(path: string): void {
    const place = this.#parents.place(path);
    this.#note(parentOf(place));
    this.#hide(place);
  }

  opaque(directory: string): void {
    const place = this.#parents.directory(directory);
    this.#note(place);
    if (this.#target.merged) this.#prune(place);
    else this.#target.opaque(place);
  }

  finish(): void {
    this.#parents.forget();
    for (const [path, mtime] of this.#directoryTimes) {
      // A later entry may have put something else there, or a symlink to elsewhere in place of a parent.
      if (this.#parents.isRealDirectory(path)) this.#target.setTimes(path, mtime);
    }
  }

  /** Hides what the layers below have at a path, not what this layer has there. */
  #hide(place: string): void {
    if (place === '') throw invalid('tar archive would hide the root directory');
    const existing = this.#target.lstat(place);
    if (this.#target.merged) {
      if (existing === undefined) return;
      if (!this.#placed.has(place)) this.#remove(place, existing);
      else if (existing === 'directory') this.#prune(place);
    } else if (existing === undefined) {
      this.#target.whiteout(place);
      this.#whiteouts.add(place);
    } else if (existing === 'directory') {
      this.#target.opaque(place);
    }
  }

  /** Removes what was in a directory before this layer. */
  #prune(directory: string): void {
    for (const name of this.#target.readdir(directory)) {
      const path = joinPath(directory, name);
      const type = this.#target.lstat(path);
      if (type === undefined) continue;
      if (!this.#placed.has(path)) this.#remove(path, type);
      else if (type === 'directory') this.#prune(path);
    }
  }

  #makeDirectory(place: string, existing: NodeType | undefined): void {
    if (existing === 'directory') return;
    if (existing !== undefined) this.#remove(place, existing);
    this.#target.mkdir(place, 0o755);
    // What it replaces, a file or a whiteout of this layer, hid all that the layers below have there.
    if (existing !== undefined && !this.#target.merged) this.#target.opaque(place);
  }

  #makeParent(place: string): void {
    const existing = this.#target.lstat(place);
    if (existing !== undefined && !this.#whiteouts.has(place)) {
      throw invalid(`tar archive has an entry below "${shorten(place)}", which is a ${existing}`);
    }
    this.#makeDirectory(place, existing);
  }

  #refuseTypeChange(place: string, entry: TarEntry, existing: NodeType | undefined): void {
    if (!this.#options.keepTypes || existing === undefined) return;
    if (existing === 'directory' && entry.type !== 'directory') {
      throw invalid(`cannot overwrite directory "/${place}" with non-directory "${shorten(entry.path)}"`);
    }
    if (existing !== 'directory' && entry.type === 'directory') {
      throw invalid(`cannot overwrite non-directory "/${place}" with directory "${shorten(entry.path)}"`);
    }
  }

  #linkToItself(place: string, entry: TarEntry): undefined {
    if (this.#target.lstat(place) === undefined) throw missingLink(entry);
  }

  #link(place: string, entry: TarEntry): void {
    const existing = this.#parents.find(entry.link);
    const type = existing === undefined ? undefined : this.#target.lstat(existing);
    if (existing === undefined || type === undefined || this.#whiteouts.has(existing))
      throw missingLink(entry);
    if (type === 'directory')
      throw invalid(`tar entry "${shorten(entry.path)}" is a hard link to a directory`);
    this.#target.link(existing, place);
  }

  #makeNode(place: string, entry: TarEntry): void {
    if (entry.type === 'symlink') {
      if (entry.link === '') throw invalid(`tar entry "${shorten(entry.path)}" is a symlink to nowhere`);
      this.#target.symlink(entry.link, place);
    } else if (entry.type === 'fifo') {
      this.#target.makeFifo(place, entry.mode);
    } else if (entry.type === 'char' || entry.type === 'block') {
      if (entry.major < 0 || entry.major > MAX_MAJOR || entry.minor < 0 || entry.minor > MAX_MINOR) {
        throw invalid(
          `tar entry "${shorten(entry.path)}" has device number ${entry.major}:${entry.minor}, which is out of range`,
        );
      }
      this.#target.makeNode(place, entry.type, entry.mode, entry.major, entry.minor);
    }
  }

  /** In this order: chown clears set-uid bits and file capabilities, so it comes first. */
  #setMetadata(place: string, entry: TarEntry): void {
    this.#target.chown(place, this.#ownerOf(entry));
    for (const [name, value] of withoutOverlayXattrs(entry.xattrs)) this.#target.setXattr(place, name, value);
    if (entry.type !== 'symlink') this.#target.chmod(place, entry.mode);
  }

  #ownerOf({ uid, gid }: TarEntry): Owner {
    return this.#options.owner ? this.#options.owner({ uid, gid }) : { uid, gid };
  }

  #remove(place: string, type: NodeType): void {
    try {
      this.#target.removeTree(place);
    } catch (error) {
      if (codeOf(error) === 'EBUSY')
        throw invalid(`cannot replace "/${shorten(place)}": it is a mount point`, error);
      throw error;
    }
    this.#whiteouts.delete(place);
    if (type === 'directory' || type === 'symlink') this.#parents.forget();
  }

  #note(place: string): void {
    if (!this.#target.merged) return;
    for (let path = place; path !== '' && !this.#placed.has(path); path = parentOf(path))
      this.#placed.add(path);
  }
}

const missingLink = (entry: TarEntry) =>
  invalid(
    `tar entry "${shorten(entry.path)}" is a hard link to "${shorten(entry.link)}", which is not in the archive`,
  );
