import type { Engine } from '#engine';
import type { CacheEntry } from '#engine/build';
import type {
  BuildCacheRecord,
  ContainerSummary,
  DiskUsage,
  DiskUsageOf,
  ImageSummary,
  VolumeInspect,
} from '#protocol';
import type { Since } from '../decode/by-version/since.ts';
import { containerSummary } from './containers.ts';
import { imageSummary } from './images.ts';
import { portList } from './network-settings.ts';
import { volumeInspect } from './volumes.ts';

export type DiskUsageType = 'image' | 'container' | 'volume' | 'build-cache';

export interface DiskUsageOptions {
  readonly wants: (type: DiskUsageType) => boolean;
  /** Lists of whole objects, until 1.52. */
  readonly legacy: boolean;
  /** Sums, since 1.52. */
  readonly modern: boolean;
  /** The sums together with what they are made of. */
  readonly verbose: boolean;
  readonly since: Since;
}

/** What every kind of object takes on disk, in bytes. */
export async function diskUsage(engine: Engine, options: DiskUsageOptions): Promise<DiskUsage> {
  const { wants, legacy, modern, verbose, since } = options;
  const usage = await engine.diskUsage({
    images: wants('image'),
    containers: wants('container'),
    volumes: wants('volume'),
    buildCache: wants('build-cache'),
  });
  const images = wants('image') ? imageRows(engine, usage, since) : undefined;
  const containers = wants('container') ? containerRows(engine, usage) : undefined;
  const volumes = wants('volume') ? volumeRows(engine, usage) : undefined;
  const cache = wants('build-cache') ? usage.buildCache.map(buildCacheRecord) : undefined;
  return {
    ...(legacy && {
      ...(images && { LayersSize: usage.layersSize, Images: images }),
      ...(containers && { Containers: containers }),
      ...(volumes && { Volumes: volumes }),
      ...(cache && { BuildCache: cache }),
    }),
    ...(modern && {
      ...(images && { ImageUsage: imageUsage(images, usage, verbose) }),
      ...(containers && { ContainerUsage: containerUsage(containers, verbose) }),
      ...(volumes && { VolumeUsage: volumeUsage(volumes, verbose) }),
      ...(cache && { BuildCacheUsage: buildCacheUsage(cache, verbose) }),
    }),
  };
}

type Usage = Awaited<ReturnType<Engine['diskUsage']>>;

function imageRows({ images }: Engine, usage: Usage, since: Since): ImageSummary[] {
  const byId = new Map(usage.images.map((image) => [image.id, image]));
  return images.list().map((image) => {
    const { shared = 0, containers = 0 } = byId.get(image.id) ?? {};
    return imageSummary(image, {
      since,
      shared,
      containers,
    });
  });
}

function containerRows({ containers, networks }: Engine, usage: Usage): ContainerSummary[] {
  const sizes = new Map(usage.containers.map((size) => [size.id, size]));
  const ids = new Map(networks.list().map((network) => [network.name, network.id]));
  return containers.list().map((record) => {
    const sandbox = containers.sandbox(record.id);
    const size = sizes.get(record.id);
    return containerSummary({
      record,
      sandbox,
      ports: portList(record, sandbox),
      networks: ids,
      image: record.config.image,
      size: { rw: size?.sizeRw ?? 0, rootFs: size?.sizeRootFs ?? 0 },
    });
  });
}

function volumeRows({ volumes }: Engine, usage: Usage): VolumeInspect[] {
  const byName = new Map(usage.volumes.map((volume) => [volume.name, volume]));
  return volumes
    .list()
    .map((volume) => volumeInspect(volume, byName.get(volume.name) ?? { size: -1, users: -1 }));
}

const sum = (sizes: readonly number[]) => sizes.reduce((total, size) => total + size, 0);

function imageUsage(
  rows: readonly ImageSummary[],
  { layersSize, layersReclaimable }: Usage,
  verbose: boolean,
): DiskUsageOf<ImageSummary> {
  return {
    ActiveCount: rows.filter((row) => row.Containers > 0).length,
    TotalCount: rows.length,
    Reclaimable: layersReclaimable,
    TotalSize: layersSize,
    ...(verbose && { Items: rows }),
  };
}

function containerUsage(rows: readonly ContainerSummary[], verbose: boolean): DiskUsageOf<ContainerSummary> {
  const active = rows.filter((row) => ['running', 'paused', 'restarting'].includes(row.State));
  const idle = rows.filter((row) => !active.includes(row));
  return {
    ActiveCount: active.length,
    TotalCount: rows.length,
    Reclaimable: sum(idle.map((row) => row.SizeRw ?? 0)),
    TotalSize: sum(rows.map((row) => row.SizeRw ?? 0)),
    ...(verbose && { Items: rows }),
  };
}

function volumeUsage(rows: readonly VolumeInspect[], verbose: boolean): DiskUsageOf<VolumeInspect> {
  const size = (row: VolumeInspect) => Math.max(0, row.UsageData?.Size ?? 0);
  const idle = rows.filter((row) => row.UsageData?.RefCount === 0);
  return {
    ActiveCount: rows.length - idle.length,
    TotalCount: rows.length,
    Reclaimable: sum(idle.map(size)),
    TotalSize: sum(rows.map(size)),
    ...(verbose && { Items: rows }),
  };
}

const buildCacheRecord = ({ id, description, size, shared, created, lastUsed, useCount }: CacheEntry) => ({
  ID: id,
  Type: 'regular',
  Description: description,
  InUse: false,
  Shared: shared,
  Size: size,
  CreatedAt: created,
  LastUsedAt: lastUsed || null,
  UsageCount: useCount,
});

/** What an image has too is counted there, and is free only when both are gone. */
function buildCacheUsage(rows: readonly BuildCacheRecord[], verbose: boolean): DiskUsageOf<BuildCacheRecord> {
  const own = sum(rows.filter((row) => !row.Shared).map((row) => row.Size));
  return {
    ActiveCount: 0,
    TotalCount: rows.length,
    Reclaimable: own,
    TotalSize: own,
    ...(verbose && { Items: rows }),
  };
}
