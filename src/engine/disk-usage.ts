import type { Containers } from '#engine/containers';
import type { Images } from '#engine/images';
import type { Volumes } from '#engine/volumes';

/** Bytes, by what takes them. */
export interface DiskUsage {
  readonly layersSize: number;
  /** `containers`: how many are made of it. */
  readonly images: readonly { id: string; size: number; shared: number; containers: number }[];
  readonly containers: readonly { id: string; sizeRw: number; sizeRootFs: number }[];
  readonly volumes: readonly { name: string; size: number; users: number }[];
}

export async function diskUsage(domains: {
  readonly containers: Containers;
  readonly images: Images;
  readonly volumes: Volumes;
}): Promise<DiskUsage> {
  const { containers, images, volumes } = domains;
  const [ofImages, ofVolumes, ofContainers] = await Promise.all([
    images.usage(),
    volumes.usage(),
    Promise.all(containers.list().map(({ id }) => sizeOf(containers, id))),
  ]);
  return {
    layersSize: ofImages.total,
    images: ofImages.images.map((image) => ({
      ...image,
      containers: containers.usersOfImage(image.id).length,
    })),
    containers: ofContainers,
    volumes: ofVolumes.map((volume) => ({ ...volume, users: containers.usersOfVolume(volume.name).length })),
  };
}

async function sizeOf(
  containers: Containers,
  id: string,
): Promise<{ id: string; sizeRw: number; sizeRootFs: number }> {
  const { rw, rootFs } = await containers.size(id);
  return { id, sizeRw: rw, sizeRootFs: rootFs };
}
