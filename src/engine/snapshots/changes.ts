import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { notFound } from '#lib/errors';
import { getXattr } from '#linux/files';
import { overlayXattr } from '#linux/mount';
import { type Change, fsPath, pathFromBytes } from '#oci/layer';
import { type OpenDirectory, openDirectory } from './open-directory.ts';

/** The directories below that show through at some path, uppermost first. */
type Lowers = readonly string[];

/**
 * How an overlay's upper directory differs from what lies below it: what `docker diff` tells and what a
 * layer made of it holds. Paths as in #oci/layer. Directories that only lead to a change are `modified`.
 * @throws notFound
 */
export function* changesOf(upper: string, lowers: Lowers): Generator<Change, void> {
  using root = openDirectory(upper);
  if (!root) throw notFound(`no such directory: ${upper}`);
  yield* changesIn(root, '', lowers, false);
}

/** `opaque`: nothing of the lowers shows through here, though they may have something at this path. */
function* changesIn(
  directory: OpenDirectory,
  path: string,
  lowers: Lowers,
  opaque: boolean,
): Generator<Change, void> {
  const names = directory.names();
  for (const name of names) {
    const child = join(path, name);
    const place = fsPath(`${directory.path}/${name}`);
    const stats = lstatSync(place, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    const below = lookUp(lowers, name);
    if (isWhiteout(stats)) {
      if (below.exists) yield { path: child, kind: 'deleted' };
      continue;
    }
    yield { path: child, kind: below.exists ? 'modified' : 'added' };
    if (!stats.isDirectory()) continue;
    using entered = openDirectory(place);
    if (entered) yield* changesIn(entered, child, below.directories, opaque || isOpaque(`${entered.path}/.`));
  }
  if (!opaque || lowers.length === 0) return;
  const kept = new Set(names);
  for (const name of visibleNames(lowers)) {
    if (!kept.has(name)) yield { path: join(path, name), kind: 'deleted' };
  }
}

/** What the union of the lower directories, which never change, has by that name. */
export function lookUp(lowers: Lowers, name: string): { exists: boolean; directories: Lowers } {
  const directories: string[] = [];
  for (const lower of lowers) {
    const place = `${lower}/${name}`;
    const stats = lstatSync(fsPath(place), { throwIfNoEntry: false });
    if (stats === undefined) continue;
    if (isWhiteout(stats)) break;
    if (!stats.isDirectory()) return { exists: true, directories };
    directories.push(place);
    using entered = openDirectory(fsPath(place));
    if (entered && isOpaque(`${entered.path}/.`)) break;
  }
  return { exists: directories.length > 0, directories };
}

function visibleNames(lowers: Lowers): string[] {
  const names = new Set(
    lowers.flatMap((lower) => readdirSync(fsPath(lower), { encoding: 'buffer' }).map(pathFromBytes)),
  );
  return [...names].filter((name) => lookUp(lowers, name).exists).sort();
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);

/** A directory that was removed and made again. */
const isOpaque = (place: string): boolean => getXattr(place, overlayXattr('opaque'))?.toString() === 'y';

/** Overlay's mark for what is deleted: a character device 0:0. */
export const isWhiteout = (stats: Stats): boolean => stats.isCharacterDevice() && stats.rdev === 0;
