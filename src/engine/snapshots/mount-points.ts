import { lstatSync, readdirSync } from 'node:fs';
import { type Change, fsPath } from '#oci/layer';

/**
 * Leaves out what a runtime had to make to mount something on: empty files and directories at the given
 * paths, and directories that changed for nothing but these. They are nobody's content, so they belong
 * neither into `docker diff` nor into an image. Paths as in #oci/layer, below `upper`.
 */
export function withoutMountPoints(
  changes: readonly Change[],
  upper: string,
  mountPoints: readonly string[],
): Change[] {
  const points = new Set(mountPoints);
  const left = new Set(
    changes
      .filter(({ path, kind }) => kind === 'added' && points.has(path) && isHollow(upper, path, points))
      .map(({ path }) => path),
  );
  const kept = changes.filter(({ path }) => !left.has(path));
  const onTheWay = new Set([...left].flatMap(ancestors));
  return kept.filter(({ path, kind }) => {
    if (kind === 'deleted' || !onTheWay.has(path)) return true;
    return kept.some((other) => other.path.startsWith(`${path}/`) && !onTheWay.has(other.path));
  });
}

/** An empty file, or a directory that holds at most other mount points. */
function isHollow(upper: string, path: string, points: ReadonlySet<string>): boolean {
  const place = fsPath(`${upper}/${path}`);
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.isFile() === true && stats.size === 0;
  return readdirSync(place).every((name) => points.has(`${path}/${name}`));
}

function ancestors(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_, i) => names.slice(0, i + 1).join('/'));
}
