import { isKind } from '#lib/errors';
import { parseTime } from '#lib/time';
import { canonicalName } from '#oci/reference';
import type { ImagesContext } from './context.ts';
import type { ImageRecord } from './record.ts';
import { type RemoveResult, remove } from './remove.ts';

export interface PruneOptions {
  /** Only images without a tag; else all that no container uses. */
  readonly dangling: boolean;
  /** Only images created before this instant, in nanoseconds. */
  readonly until?: bigint;
  /** Only tells what would be removed. */
  readonly dryRun?: boolean;
  readonly matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean;
}

export interface PruneResult {
  readonly removed: readonly RemoveResult[];
  readonly reclaimed: number;
}

/** Removes what nobody uses, as far as it can be removed without force. `reclaimed` is in bytes of unpacked layers. */
export const prune = (context: ImagesContext, options: PruneOptions): PruneResult =>
  options.dryRun ? undone(context, () => removeAll(context, options)) : removeAll(context, options);

/** What work results in, whose changes are taken back. */
function undone<T>({ catalog }: ImagesContext, work: () => T): T {
  const outcome: { result?: T } = {};
  const takenBack = new Error('nothing is to change');
  try {
    return catalog.change(() => {
      outcome.result = work();
      throw takenBack;
    });
  } catch (error) {
    if (error !== takenBack || !('result' in outcome)) throw error;
    return outcome.result;
  }
}

function removeAll(context: ImagesContext, options: PruneOptions): PruneResult {
  const { catalog } = context;
  const sizes = new Map<string, number>();
  for (const { layers } of catalog.images.values()) {
    for (const { chainId, size } of layers) sizes.set(chainId, size ?? 0);
  }
  const removed: RemoveResult[] = [];
  const candidates = Array.from(catalog.images.values());
  for (const image of candidates) {
    if (isPrunable(context, image, options)) removed.push(...removeUnused(context, image));
  }
  const reclaimed = removed.reduce((sum, { deleted }) => sum + (sizes.get(deleted ?? '') ?? 0), 0);
  catalog.change(() => catalog.publishPrune(reclaimed));
  return { removed, reclaimed };
}

function isPrunable({ catalog }: ImagesContext, image: ImageRecord, options: PruneOptions): boolean {
  const names = catalog.namesOf(image.id);
  if (!image.listed) return false;
  if (options.dangling && names.some(({ digest }) => digest === undefined)) return false;
  // In between two images: it goes with the last one made of it.
  if (names.length === 0 && catalog.childrenOf(image.id).length > 0) return false;
  const created = parseTime(image.config.created ?? '');
  if (options.until !== undefined && (created === undefined || created > options.until)) return false;
  return options.matchesLabels?.(image.config.config?.Labels ?? {}) ?? true;
}

function removeUnused(context: ImagesContext, image: ImageRecord): RemoveResult[] {
  const names = context.catalog.namesOf(image.id).map(canonicalName);
  return (names.length > 0 ? names : [image.id]).flatMap((text) => {
    try {
      return remove(context, text);
    } catch (error) {
      // It is in use, or went together with a name before.
      if (isKind(error, 'conflict') || isKind(error, 'not-found')) return [];
      throw error;
    }
  });
}
