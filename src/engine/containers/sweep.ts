import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf, messageOf } from '#lib/errors';
import { isId } from '#lib/ids';
import { listMounts, unmount } from '#linux/mount';
import type { Context } from './context.ts';
import { ownerOfSnapshot } from './image-mounts.ts';
import { usersOfVolume } from './list.ts';
import { shmDirectory } from './paths.ts';
import { removeVolumes } from './remove.ts';

/**
 * Removes what no living container owns: bundles with their processes and cgroups, mounts, snapshots,
 * directories, volumes of a create or remove that was cut off. A thing that cannot be removed is reported, and
 * does not keep the engine from starting.
 */
export async function sweep(context: Context, alive: ReadonlySet<string>): Promise<void> {
  await sweepBundles(context, alive);
  await Promise.all([
    sweepSnapshots(context),
    sweepSharedMemory(context, alive),
    sweepDirectories(context),
    sweepVolumes(context),
  ]);
}

/** Those whose exit was just settled clean up by themselves. */
const isOwned = (context: Context, alive: ReadonlySet<string>, id: string): boolean =>
  alive.has(id) || context.runs.has(id);

async function sweepBundles(context: Context, alive: ReadonlySet<string>): Promise<void> {
  const { runtimes } = context.options;
  await each(
    context,
    'a bundle',
    runtimes.bundles().filter((id) => !isOwned(context, alive, id)),
    (id) => runtimes.delete(id),
  );
}

async function sweepSnapshots(context: Context): Promise<void> {
  const { snapshots } = context.options;
  const ids = await snapshots.list();
  const ownerless = ids.filter((id) => !context.store.byId(ownerOfSnapshot(id)));
  await each(context, 'a snapshot', ownerless, (id) => snapshots.remove(id));
}

async function sweepSharedMemory(context: Context, alive: ReadonlySet<string>): Promise<void> {
  const mounted = new Set(listMounts().map(({ mountPoint }) => mountPoint));
  const idle = (await directories(context)).filter(
    (id) => !isOwned(context, alive, id) && mounted.has(shmDirectory(context, id)),
  );
  await each(context, 'shared memory', idle, (id) => unmount(shmDirectory(context, id)));
}

async function sweepDirectories(context: Context): Promise<void> {
  const ownerless = (await directories(context)).filter((id) => !context.store.byId(id));
  await each(context, 'a directory', ownerless, async (id) => {
    await unmount(shmDirectory(context, id));
    await rm(join(context.options.root, id), { recursive: true, force: true });
  });
}

async function sweepVolumes(context: Context): Promise<void> {
  for (const { id, names } of context.store.looseVolumes()) {
    const unused = names.filter((name) => usersOfVolume(context, name).length === 0);
    await each(context, 'volumes', [id], () => removeVolumes(context, id, unused));
  }
}

async function directories(context: Context): Promise<string[]> {
  try {
    return (await readdir(context.options.root)).filter(isId);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function each(
  context: Context,
  what: string,
  ids: readonly string[],
  removeOne: (id: string) => Promise<void>,
): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      try {
        await removeOne(id);
      } catch (error) {
        context.options.log.warn(`cannot sweep ${what}`, { container: id, error: messageOf(error) });
      }
    }),
  );
}
