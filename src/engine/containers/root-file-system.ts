import type { Context } from './context.ts';

/**
 * To be unmounted some time after the run that needed it. Nobody waits: a run that begins before finds it
 * mounted and keeps it.
 */
export function unmountRoot(context: Context, id: string): void {
  context.background.run('unmount the root file system', id, () => context.options.snapshots.unmount(id));
}
