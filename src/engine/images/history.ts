import { familiarName } from '#oci/reference';
import type { Catalog } from './catalog.ts';
import type { ImageRecord } from './record.ts';

export interface HistoryStep {
  /** The image's id, that of an ancestor which is here too, or `<missing>`. */
  readonly id: string;
  readonly created: string;
  readonly createdBy: string;
  readonly tags: string[];
  /** Bytes of its layer unpacked. */
  readonly size: number;
  readonly comment: string;
}

/** Newest first. */
export function history(catalog: Catalog, image: ImageRecord): HistoryStep[] {
  let layer = 0;
  const steps = (image.config.history ?? []).map((step) => ({
    id: '<missing>',
    created: step.created ?? '',
    createdBy: step.created_by ?? '',
    tags: [],
    size: step.empty_layer ? 0 : (image.layers[layer++]?.size ?? 0),
    comment: step.comment ?? '',
  }));
  const newestFirst: HistoryStep[] = steps.reverse();
  let ancestor: ImageRecord | undefined = image;
  return newestFirst.map((step) => {
    if (!ancestor) return step;
    const { id, parent } = ancestor;
    const tags = catalog.namesOf(id).filter(({ digest }) => digest === undefined);
    ancestor = parent === undefined ? undefined : catalog.images.get(parent);
    return { ...step, id, tags: tags.map(familiarName) };
  });
}
