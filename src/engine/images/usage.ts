import type { ImagesContext, ImageUsers } from './context.ts';
import type { ImageRecord } from './record.ts';
import { sizesOf } from './view.ts';

export interface ImagesUsage {
  /** Bytes of all unpacked layers, each counted once. */
  readonly total: number;
  /** Bytes of those that no image needs of which there are containers. */
  readonly reclaimable: number;
  /** With the other platforms of their names; `shared`: of layers that another of them has too. */
  readonly images: readonly {
    readonly id: string;
    readonly size: number;
    readonly shared: number;
    readonly containers: number;
  }[];
}

/** Who takes up how much, and how much of it is shared with other images. */
export function usage(context: ImagesContext, listed: readonly ImageRecord[]): ImagesUsage {
  const { catalog, users } = context;
  const all = sizesOf(catalog.images.values());
  const used = sizesOf([...catalog.images.values()].filter(({ id }) => users(id).length > 0));
  const groups = listed.map((image) => ({
    id: image.id,
    layers: sizesOf([image, ...catalog.siblingsOf(image.id)]),
  }));
  const owners = new Map<string, number>();
  for (const { layers } of groups)
    for (const chainId of layers.keys()) owners.set(chainId, (owners.get(chainId) ?? 0) + 1);
  const images = groups.map(({ id, layers }) => {
    const shared = [...layers].filter(([chainId]) => (owners.get(chainId) ?? 0) > 1);
    return { id, size: sum(layers), shared: sum(shared), containers: usersOf(context, id).length };
  });
  const total = sum(all);
  return { total, reclaimable: total - sum(used), images };
}

/** Containers made of an image, or of another platform that would go with its names. */
export const usersOf = (
  { catalog, users }: Pick<ImagesContext, 'catalog' | 'users'>,
  id: string,
): ReturnType<ImageUsers> => [id, ...catalog.siblingsOf(id).map((image) => image.id)].flatMap(users);

const sum = (sizes: Iterable<readonly [string, number]>): number =>
  [...sizes].reduce((total, [, size]) => total + size, 0);
