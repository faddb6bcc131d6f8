import { dirname, isAbsolute, join } from 'node:path';
import { isKind } from '#lib/errors';
import type { ContainerPathStat } from '#protocol';
import type { Context } from '../../../context.ts';
import type { Destination } from './place.ts';

export interface ContainerPath {
  readonly container: string;
  readonly path: string;
}

export const absolute = (path: string) => (path.startsWith('/') ? path : `/${path}`);

// Bits of Go's os.FileMode.
export const isDirectoryMode = ({ mode }: ContainerPathStat) => ((mode >>> 31) & 1) === 1;
const isLinkMode = ({ mode }: ContainerPathStat) => ((mode >>> 27) & 1) === 1;

export async function resolveLink({ client }: Context, { container, path }: ContainerPath): Promise<string> {
  const found = await client.archive.stat(container, absolute(path));
  if (!isLinkMode(found)) return path;
  return isAbsolute(found.linkTarget) ? found.linkTarget : join(dirname(absolute(path)), found.linkTarget);
}

export async function containerDestination(
  context: Context,
  { container, path }: ContainerPath,
): Promise<Destination> {
  const wanted = absolute(path);
  const found = await statIn(context, container, wanted);
  if (!found) return { path: wanted, exists: false, isDirectory: false };
  if (!isLinkMode(found)) return { path: wanted, exists: true, isDirectory: isDirectoryMode(found) };
  const target = isAbsolute(found.linkTarget) ? found.linkTarget : join(dirname(wanted), found.linkTarget);
  const behind = await statIn(context, container, target);
  return {
    path: target,
    exists: behind !== undefined,
    isDirectory: behind !== undefined && isDirectoryMode(behind),
  };
}

/** Undefined when there is no such path. A missing container shows when something is written to it. */
export async function statIn(
  { client }: Context,
  container: string,
  path: string,
): Promise<ContainerPathStat | undefined> {
  try {
    return await client.archive.stat(container, path);
  } catch (error) {
    if (isKind(error, 'not-found')) return undefined;
    throw error;
  }
}
