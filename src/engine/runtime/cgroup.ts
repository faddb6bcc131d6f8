import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '#lib/errors';
import type { Settings } from './bundle.ts';

/**
 * Where a container's cgroup is, below the root of each hierarchy. crun says so in its state; before
 * and after that it follows from `cgroupsPath`: a path, or with systemd `slice:prefix:name`.
 */
export function cgroupOf(
  stateDirectory: string,
  settings: Pick<Settings, 'cgroupsPath' | 'systemdCgroup'>,
): string {
  return recordedCgroup(stateDirectory) ?? expectedCgroup(settings);
}

function recordedCgroup(stateDirectory: string): string | undefined {
  try {
    const status = JSON.parse(readFileSync(join(stateDirectory, 'status'), 'utf8')) as Record<
      string,
      unknown
    >;
    const path = status['cgroup-path'];
    return typeof path === 'string' && path !== '' ? path : undefined;
  } catch (error) {
    // Another runtime's state, or one that is being written or removed right now.
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR' || error instanceof SyntaxError)
      return undefined;
    throw error;
  }
}

export function expectedCgroup({
  cgroupsPath,
  systemdCgroup,
}: Pick<Settings, 'cgroupsPath' | 'systemdCgroup'>): string {
  if (!systemdCgroup) return cgroupsPath;
  const [slice = '', prefix = '', name = ''] = cgroupsPath.split(':');
  return join('/', slicePath(slice || 'system.slice'), `${prefix}${prefix ? '-' : ''}${name}.scope`);
}

/** systemd nests slices by their dashes: `a-b.slice` is in `a.slice` (systemd.slice(5)). */
export function slicePath(slice: string): string {
  const name = slice.replace(/\.slice$/, '');
  if (name === '-' || name === '') return '/';
  const parts = name.split('-');
  return parts.map((_, i) => `${parts.slice(0, i + 1).join('-')}.slice`).join('/');
}
