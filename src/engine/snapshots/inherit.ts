import { chmodSync, chownSync, lstatSync } from 'node:fs';
import { getXattr, listXattrs, setTimes, setXattr } from '#linux/files';
import type { Attributes } from '#oci/erofs';
import { fsPath, isOverlayXattr } from '#oci/layer';
import { lookUp } from './changes.ts';
import { type OpenDirectory, openDirectory } from './open-directory.ts';

/**
 * A layer may put something into a directory that it says nothing else about. In the layer's own tree that
 * directory had to be made, and would hide the one below with its mode, owner and times: it takes these over.
 * Paths as in #oci/layer; `lowers` are the trees below, uppermost first.
 */
export function inherit(tree: string, paths: readonly string[], lowers: readonly string[]): void {
  for (const path of paths) {
    const below = findBelow(lowers, path);
    if (below !== undefined) withDirectory(tree, path, (place) => copyAttributes(below, place));
  }
}

/** What a directory looks like in the trees below, uppermost first; undefined when none of them shows one there. */
export function attributesBelow(lowers: readonly string[], path: string): Attributes | undefined {
  const below = findBelow(lowers, path);
  if (below === undefined) return undefined;
  const { mode, uid, gid, mtimeNs } = lstatSync(below, { bigint: true });
  return {
    mode: Number(mode) & 0o7777,
    uid: Number(uid),
    gid: Number(gid),
    mtime: mtimeNs,
    xattrs: xattrsOf(below),
  };
}

/** The uppermost directory below that shows through at a path. */
function findBelow(lowers: readonly string[], path: string): string | Buffer | undefined {
  let directories = lowers;
  for (const name of path.split('/').filter(Boolean)) directories = lookUp(directories, name).directories;
  return directories[0] && fsPath(directories[0]);
}

/** Nothing if the layer has put something else there, or a symlink in place of a parent. */
function withDirectory(tree: string, path: string, work: (place: string) => void): void {
  using stack = new DisposableStack();
  const enter = (place: string | Buffer): OpenDirectory | undefined => {
    const directory = openDirectory(place);
    return directory && stack.use(directory);
  };
  let directory = enter(tree);
  for (const name of path.split('/').filter(Boolean)) {
    directory = directory && enter(fsPath(`${directory.path}/${name}`));
  }
  if (directory) work(`${directory.path}/.`);
}

/** Mode, owner, times and xattrs of a directory. */
export function copyAttributes(from: string | Buffer, to: string): void {
  const stats = lstatSync(from, { bigint: true });
  chownSync(to, Number(stats.uid), Number(stats.gid));
  for (const [name, value] of xattrsOf(from)) setXattr(to, name, value);
  chmodSync(to, Number(stats.mode) & 0o7777);
  setTimes(to, stats.mtimeNs, stats.mtimeNs);
}

/** Without the marks that overlay made for one layer. */
function xattrsOf(place: string | Buffer): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const name of listXattrs(place)) {
    const value = isOverlayXattr(name) ? undefined : getXattr(place, name);
    if (value) found.set(name, value);
  }
  return found;
}
