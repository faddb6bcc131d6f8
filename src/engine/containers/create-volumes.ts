import { codeOf } from '#lib/errors';
import type { Scope } from '#lib/scope';
import type { Context } from './context.ts';
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
  const { volumes, snapshots, mappings } = context.options;
  const waiting: { name: string; destination: string }[] = [];
  for (const { name = '', destination, noCopy, spec } of mounts) {
    if (noCopy || spec?.volume?.subpath) continue;
    if (await volumes.awaitsContent(name)) waiting.push({ name, destination });
  }
  // Mounting the image costs more than all the rest.
  if (waiting.length === 0) return;
  await snapshots.withMounted(id, async (root, idMap) => {
    const userns = idMap && (await mappings.descriptor(idMap));
    for (const { name, destination } of waiting) {
      const source = pathInImage(root, destination);
      if (source !== undefined) await volumes.copyUp(name, source, userns);
    }
  });
}

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
