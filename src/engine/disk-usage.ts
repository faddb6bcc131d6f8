import type { Builder, CacheEntry } from '#engine/build';
import type { Containers } from '#engine/containers';
import type { Images } from '#engine/images';
import type { Volumes } from '#engine/volumes';
import { isKind } from '#lib/errors';

/** Bytes, by what takes them; empty for what was not asked for. */
export interface DiskUsage {
  readonly layersSize: number;
  /** Of `layersSize`: what would be free without the images that no container uses. */
  readonly layersReclaimable: number;
  /** `containers`: how many are made of it. */
  readonly images: readonly { id: string; size: number; shared: number; containers: number }[];
  readonly containers: readonly { id: string; sizeRw: number; sizeRootFs: number }[];
  readonly volumes: readonly { name: string; size: number; users: number }[];
  readonly buildCache: readonly CacheEntry[];
}

export interface DiskUsageQuery {
  readonly images: boolean;
  readonly containers: boolean;
  readonly volumes: boolean;
  readonly buildCache: boolean;
}

const NO_IMAGES = { total: 0, reclaimable: 0, images: [] };

export async function diskUsage(
  domains: {
    readonly containers: Containers;
    readonly images: Images;
    readonly volumes: Volumes;
    readonly builder: Builder;
  },
  query: DiskUsageQuery,
): Promise<DiskUsage> {
  const { containers, images, volumes, builder } = domains;
  const [ofImages, ofVolumes, ofContainers, buildCache] = await Promise.all([
    query.images ? images.usage() : NO_IMAGES,
    query.volumes ? volumes.usage() : [],
    query.containers ? Promise.all(containers.list().map(({ id }) => sizeOf(containers, id))) : [],
    query.buildCache ? builder.usage() : [],
  ]);
  return {
    layersSize: ofImages.total,
    layersReclaimable: ofImages.reclaimable,
    images: ofImages.images,
    containers: ofContainers.flat(),
    volumes: ofVolumes.map((volume) => ({ ...volume, users: containers.usersOfVolume(volume.name).length })),
    buildCache,
  };
}

/** Nothing for one that was removed meanwhile. */
async function sizeOf(containers: Containers, id: string): Promise<DiskUsage['containers'][number][]> {
  try {
    const { rw, rootFs } = await containers.size(id);
    return [{ id, sizeRw: rw, sizeRootFs: rootFs }];
  } catch (error) {
    if (isKind(error, 'not-found')) return [];
    throw error;
  }
}
