import type { Catalog } from './catalog.ts';
import type { ImageRecord } from './record.ts';
import { sizeOf } from './view.ts';

export interface ImagesUsage {
  /** Bytes of all unpacked layers, each counted once. */
  readonly total: number;
  readonly images: readonly { readonly id: string; readonly size: number; readonly shared: number }[];
}

/** Who takes up how much, and how much of it is shared with other images. */
export function usage(catalog: Catalog, listed: readonly ImageRecord[]): ImagesUsage {
  const users = new Map<string, number>();
  const sizes = new Map<string, number>();
  for (const { layers } of catalog.images.values()) {
    for (const { chainId, size = 0 } of layers) {
      users.set(chainId, (users.get(chainId) ?? 0) + 1);
      sizes.set(chainId, size);
    }
  }
  const images = listed.map((image) => {
    const shared = image.layers.filter(({ chainId }) => (users.get(chainId) ?? 0) > 1);
    return { id: image.id, size: sizeOf(image), shared: shared.reduce((sum, { size = 0 }) => sum + size, 0) };
  });
  return { total: [...sizes.values()].reduce((sum, size) => sum + size, 0), images };
}
