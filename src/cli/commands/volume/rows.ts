import { formatSize } from '#lib/sizes';
import type { VolumeInspect } from '#protocol';
import type { Listing, Row } from '../../output/list.ts';
import { joinLabels } from '../../output/text.ts';

export const volumeListing: Listing = {
  titles: {
    Availability: 'AVAILABILITY',
    Driver: 'DRIVER',
    Group: 'GROUP',
    Labels: 'LABELS',
    Links: 'LINKS',
    Mountpoint: 'MOUNTPOINT',
    Name: 'VOLUME NAME',
    Scope: 'SCOPE',
    Size: 'SIZE',
    Status: 'STATUS',
  },
  columns: ['Driver', 'Name'],
  quiet: 'Name',
};

export function volumeRow(volume: VolumeInspect): Row {
  const { UsageData } = volume;
  return {
    Availability: 'N/A',
    Driver: volume.Driver,
    Group: 'N/A',
    Label: (name: unknown) => volume.Labels?.[String(name)] ?? '',
    Labels: joinLabels(volume.Labels),
    Links: UsageData ? String(UsageData.RefCount) : 'N/A',
    Mountpoint: volume.Mountpoint,
    Name: volume.Name,
    Scope: volume.Scope,
    Size: UsageData && UsageData.Size >= 0 ? formatSize(UsageData.Size) : 'N/A',
    Status: 'N/A',
  };
}
