import { isKind } from '#lib/errors';
import { parseTime } from '#lib/time';
import type { Context } from './context.ts';
import { list } from './list.ts';
import type { ContainerRecord } from './record.ts';
import { remove } from './remove.ts';
import { isRunning } from './state.ts';

export interface PruneOptions {
  /** Nanoseconds: only containers made before. */
  readonly until?: bigint;
  readonly matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean;
  /** Told of each as soon as it is gone. */
  readonly onRemoved?: ((id: string) => void) | undefined;
}

/** Removes all containers that do not run. */
export async function prune(
  context: Context,
  options: PruneOptions,
): Promise<{ removed: string[]; reclaimed: number }> {
  const removed: string[] = [];
  let reclaimed = 0;
  for (const record of list(context)) {
    // A working container rests between two commands: what it holds was not made yet.
    if (isRunning(record.state) || record.working || !matches(record, options)) continue;
    try {
      const { size } = await context.options.snapshots.usage(record.id);
      await remove(context, record.id);
      removed.push(record.id);
      options.onRemoved?.(record.id);
      reclaimed += size;
    } catch (error) {
      // Started or removed meanwhile.
      if (!isKind(error, 'conflict') && !isKind(error, 'not-found')) throw error;
    }
  }
  context.options.events.publish('container', 'prune', '', { reclaimed: String(reclaimed) });
  return { removed, reclaimed };
}

function matches(record: ContainerRecord, { until, matchesLabels }: PruneOptions): boolean {
  if (until !== undefined && (parseTime(record.created) ?? 0n) >= until) return false;
  return matchesLabels?.(record.config.labels) ?? true;
}
