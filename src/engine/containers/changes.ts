import type { Readable } from 'node:stream';
import type { Change } from '#engine/snapshots';
import type { Context } from './context.ts';
import { MOUNT_POINTS } from './spec-mounts.ts';

/** What the container changed against its image. @throws notFound */
export async function changes(context: Context, reference: string): Promise<Change[]> {
  return context.options.snapshots.changes(context.store.get(reference).id, MOUNT_POINTS);
}

/** The whole root file system as a tar; volumes are not part of it. @throws notFound */
export function exportTree(context: Context, reference: string): Readable {
  const record = context.store.get(reference);
  const tar = context.options.snapshots.exportTree(record.id);
  context.store.announce(record, { action: 'export' });
  return tar;
}
