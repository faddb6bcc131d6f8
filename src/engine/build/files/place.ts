import { posix } from 'node:path';
import { invalid } from '#lib/errors';
import type { Owner } from '#oci/layer';
import { changeMode, type ModeChange } from './mode.ts';
import { resolvePath } from './resolve.ts';
import type { SelectedRoot, Selection } from './select.ts';
import { baseName, childPath, parentPath, type Tree, type TreeNode } from './tree.ts';

/** A member of the layer that a COPY makes. */
export interface PlacedEntry {
  /** In the layer. */
  readonly path: string;
  /** Where it is in the tree that is copied from; undefined: a directory that is made on the way. */
  readonly source: string | undefined;
  readonly node: TreeNode;
}

export interface PlaceRequest {
  /** Absolute. A slash at its end says that it is a directory. */
  readonly destination: string;
  /** Undefined: as in the source. */
  readonly owner: Owner | undefined;
  readonly mode: ModeChange | undefined;
  readonly parents: boolean;
}

/**
 * Where everything that was selected belongs in the file system that is copied to, with the directories that are
 * missing on the way there. @throws invalid when something else is in its place
 */
export function placeFiles(base: Tree, { roots }: Selection, request: PlaceRequest): PlacedEntry[] {
  const placement = new Placement(base, request);
  const { destination } = request;
  const directory = destination.endsWith('/') || destination.endsWith('/.') || roots.length > 1;
  for (const root of roots) {
    const target = targetOf(base, root, destination, directory || request.parents);
    placement.add(root, target);
  }
  return placement.entries;
}

/** A directory that must be there: its real path, and what has to be made for it. */
export function placeDirectory(
  base: Tree,
  request: PlaceRequest,
): { readonly path: string; readonly made: readonly PlacedEntry[] } {
  const placement = new Placement(base, request);
  return { path: placement.makeWay(request.destination), made: placement.entries };
}

function targetOf(
  base: Tree,
  { above, name, type }: SelectedRoot,
  destination: string,
  directory: boolean,
): string {
  const within = posix.join(destination, above);
  if (type === 'directory') return within;
  if (directory) return posix.join(within, name);
  const existing = resolvePath(base, within);
  return existing !== undefined && base.lstat(existing)?.type === 'directory'
    ? posix.join(within, name)
    : within;
}

const made = (mode: number, time: bigint, owner: Owner | undefined): TreeNode => ({
  type: 'directory',
  mode,
  uid: owner?.uid ?? 0,
  gid: owner?.gid ?? 0,
  size: 0,
  mtime: time,
  link: '',
  major: 0,
  minor: 0,
  xattrs: new Map(),
});

class Placement {
  readonly #base: Tree;
  readonly #request: PlaceRequest;
  readonly #placed = new Map<string, PlacedEntry>();

  constructor(base: Tree, request: PlaceRequest) {
    this.#base = base;
    this.#request = request;
  }

  get entries(): PlacedEntry[] {
    return [...this.#placed.values()];
  }

  add({ type, entries }: SelectedRoot, target: string): void {
    const place = this.makeWay(type === 'directory' ? target : posix.dirname(target));
    const top = type === 'directory' ? place : childPath(place, posix.basename(target));
    for (const { path, source, node } of entries) {
      const at = path === '' ? top : childPath(top, path);
      // The directory that is copied into keeps its own attributes.
      if (path === '' && type === 'directory' && (at === '' || this.#exists(at))) continue;
      this.#check(at, node);
      this.#placed.set(at, { path: at, source, node: this.#changed(node) });
    }
  }

  /** The real path of a directory; those that are missing on the way are made. */
  makeWay(directory: string): string {
    const resolved = this.#resolveDirectory(directory);
    const missing: string[] = [];
    for (let at = resolved; at !== '' && !this.#exists(at); at = parentPath(at)) missing.unshift(at);
    const { owner } = this.#request;
    const time = BigInt(Date.now()) * 1_000_000n;
    for (const path of missing)
      this.#placed.set(path, { path, source: undefined, node: made(0o755, time, owner) });
    return resolved;
  }

  /** Component by component: what is missing cannot be a link. */
  #resolveDirectory(directory: string): string {
    let resolved = '';
    for (const part of posix.join('/', directory).split('/').filter(Boolean)) {
      const next = childPath(resolved, part);
      const found = this.#placed.has(next) ? next : (resolvePath(this.#base, next) ?? next);
      const node = this.#placed.get(found)?.node ?? this.#base.lstat(found);
      if (node && node.type !== 'directory') throw invalid(`cannot copy to /${next}: it is not a directory`);
      resolved = found;
    }
    return resolved;
  }

  #exists(path: string): boolean {
    return this.#placed.has(path) || this.#base.lstat(path) !== undefined;
  }

  #check(path: string, node: TreeNode): void {
    if (baseName(path).startsWith('.wh.')) {
      throw invalid(`/${path} cannot be part of an image: names that begin with .wh. mark deleted files`);
    }
    const existing = this.#placed.get(path)?.node ?? this.#base.lstat(path);
    if (!existing || (existing.type === 'directory') === (node.type === 'directory')) return;
    throw invalid(
      existing.type === 'directory'
        ? `cannot replace the directory /${path} by a file`
        : `cannot replace /${path}, which is not a directory, by a directory`,
    );
  }

  #changed(node: TreeNode): TreeNode {
    const { owner, mode } = this.#request;
    return {
      ...node,
      ...(owner && { uid: owner.uid, gid: owner.gid }),
      ...(mode &&
        node.type !== 'symlink' && { mode: changeMode(node.mode, mode, node.type === 'directory') }),
    };
  }
}
