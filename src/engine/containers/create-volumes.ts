import { readdirSync } from 'node:fs';
import { codeOf } from '#lib/errors';
import type { Scope } from '#lib/scope';
import type { Context } from './context.ts';
import { usersOfVolume } from './list.ts';
import { anonymousVolumes } from './mounts.ts';
import type { MountPoint } from './record.ts';
import { removeVolumes } from './remove.ts';
import { openRootedPath } from './rooted-path.ts';

/**
 * Makes the volumes of a new container and fills those that are empty with what the image has in their
 * place. Returns the mounts with the volumes' directories. The anonymous ones among them go again if the create fails.
 */
export async function createVolumes(
  context: Context,
  id: string,
  mounts: readonly MountPoint[],
  scope: Scope,
): Promise<MountPoint[]> {
  const fresh = mounts.filter((mount) => mount.type === 'volume' && mount.source === '');
  const anonymous = anonymousVolumes(fresh);
  context.store.noteVolumes(id, anonymous);
  if (anonymous.length > 0) scope.defer(() => removeVolumes(context, id, anonymous));
  const made: MountPoint[] = [];
  for (const mount of mounts) made.push(fresh.includes(mount) ? await createVolume(context, mount) : mount);
  await copyUp(
    context,
    id,
    made.filter((mount, index) => mount !== mounts[index]),
  );
  return made;
}

async function createVolume(context: Context, mount: MountPoint): Promise<MountPoint> {
  const settings = mount.spec?.volume;
  const volume = await context.options.volumes.create({
    ...(mount.name === undefined ? {} : { name: mount.name }),
    ...(settings?.driver ? { driver: settings.driver } : {}),
    ...(settings?.labels ? { labels: settings.labels } : {}),
    ...(settings?.driverOptions ? { options: settings.driverOptions } : {}),
    anonymous: mount.anonymous ?? false,
  });
  return { ...mount, name: volume.name, source: volume.mountpoint, driver: volume.driver };
}

/** Docker's first use: an empty volume begins with the image's files at its place. */
async function copyUp(context: Context, id: string, mounts: readonly MountPoint[]): Promise<void> {
  const empty = mounts.filter(
    (mount) => !mount.noCopy && !mount.spec?.volume?.subpath && mayBeFilled(context, mount),
  );
  if (empty.length === 0) return;
  await context.options.snapshots.withMounted(id, async (root) => {
    for (const mount of empty) {
      const source = pathInImage(root, mount.destination);
      if (source !== undefined) await context.options.volumes.copyUp(mount.name ?? '', source);
    }
  });
}

/** One that nobody mounts may have been left half filled by a crash: the volume itself knows. */
const mayBeFilled = (context: Context, { name = '', source }: MountPoint): boolean =>
  usersOfVolume(context, name).length === 0 || readdirSync(source).length === 0;

/** The image decides where its links lead, but only within itself. */
function pathInImage(root: string, path: string): string | undefined {
  try {
    using place = openRootedPath(root, path);
    return place.hostPath;
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
}
