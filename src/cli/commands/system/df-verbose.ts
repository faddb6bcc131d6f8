import { formatSize } from '#lib/sizes';
import type { BuildCacheRecord, DiskUsage } from '#protocol';
import { formatList, type Listing, type Row } from '../../output/list.ts';
import { printObject } from '../../output/object.ts';
import type { Output } from '../../output/output.ts';
import { ago } from '../../output/text.ts';
import { containerListing, containerRow } from '../container/rows.ts';
import { imageListing, imageRows } from '../image/rows.ts';
import { volumeListing, volumeRow } from '../volume/rows.ts';

const CACHE: Listing = {
  titles: {
    CacheType: 'CACHE TYPE',
    CreatedSince: 'CREATED',
    ID: 'CACHE ID',
    LastUsedSince: 'LAST USED',
    Shared: 'SHARED',
    Size: 'SIZE',
    UsageCount: 'USAGE',
  },
  columns: ['ID', 'CacheType', 'Size', 'CreatedSince', 'LastUsedSince', 'UsageCount', 'Shared'],
};

/** `system df -v`: a table a kind. */
export async function printVerbose(out: Output, usage: DiskUsage, format: string): Promise<void> {
  const images = (usage.ImageUsage?.Items ?? usage.Images ?? []).flatMap((image) =>
    imageRows(image, { truncate: true, digests: false }),
  );
  const containers = (usage.ContainerUsage?.Items ?? usage.Containers ?? []).map((container) =>
    containerRow({ ...container, SizeRootFs: 0 }, true),
  );
  const volumes = (usage.VolumeUsage?.Items ?? usage.Volumes ?? []).map(volumeRow);
  const records = usage.BuildCacheUsage?.Items ?? usage.BuildCache ?? [];
  const cache = records.map(cacheRow);
  if (format === 'json') {
    await printObject(
      out,
      { BuildCache: cache, Containers: containers, Images: images, Volumes: volumes },
      'json',
    );
    return;
  }
  const section = async (title: string, listing: Listing, rows: readonly Row[]) =>
    `${title}\n\n${await formatList(listing, rows, { format: '' })}`;
  const total = records.filter(({ Shared }) => !Shared).reduce((sum, { Size }) => sum + Size, 0);
  const sections = [
    await section(
      'Images space usage:',
      {
        ...imageListing(false),
        columns: [
          'Repository',
          'Tag',
          'ID',
          'CreatedSince',
          'Size',
          'SharedSize',
          'UniqueSize',
          'Containers',
        ],
      },
      images,
    ),
    await section(
      'Containers space usage:',
      {
        ...containerListing(false),
        columns: ['ID', 'Image', 'Command', 'LocalVolumes', 'Size', 'RunningFor', 'Status', 'Names'],
      },
      containers,
    ),
    await section(
      'Local Volumes space usage:',
      { ...volumeListing, columns: ['Name', 'Links', 'Size'] },
      volumes,
    ),
    await section(`Build cache usage: ${formatSize(total)}`, CACHE, cache),
  ];
  out.write(sections.join('\n'));
}

const since = (time: string | null): string => (time ? ago(Date.parse(time) / 1000) : '');

const cacheRow = (record: BuildCacheRecord): Row => ({
  CacheType: record.Type,
  CreatedSince: since(record.CreatedAt),
  ID: record.ID.slice(0, 12),
  LastUsedSince: since(record.LastUsedAt),
  Shared: String(record.Shared),
  Size: formatSize(record.Size, 3),
  UsageCount: String(record.UsageCount),
});
