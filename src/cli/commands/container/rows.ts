import { shortId } from '#lib/ids';
import { formatSize } from '#lib/sizes';
import { familiarName, parseReference } from '#oci/reference';
import type { ContainerSummary } from '#protocol';
import type { Listing, Row } from '../../output/list.ts';
import { formatPorts } from '../../output/ports.ts';
import { ago, ellipsis, goTime, joinLabels } from '../../output/text.ts';

const COMMAND_LENGTH = 20;
const MOUNT_LENGTH = 15;

const TITLES = {
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Labels: 'LABELS',
  LocalVolumes: 'LOCAL VOLUMES',
  Mounts: 'MOUNTS',
  Names: 'NAMES',
  Networks: 'NETWORKS',
  Platform: 'PLATFORM',
  Ports: 'PORTS',
  RunningFor: 'CREATED',
  Size: 'SIZE',
  State: 'STATE',
  Status: 'STATUS',
} as const;

const COLUMNS = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'] as const;

export const containerListing = (withSize: boolean): Listing => ({
  titles: TITLES,
  columns: withSize ? [...COLUMNS, 'Size'] : COLUMNS,
  quiet: 'ID',
});

/** A container as `ps` shows it. */
export function containerRow(container: ContainerSummary, truncate: boolean): Row {
  const mounts = container.Mounts ?? [];
  return {
    Command: JSON.stringify(truncate ? ellipsis(container.Command, COMMAND_LENGTH) : container.Command),
    // Not shown as a rule, and a local time makes Bun load its time zones: 10 ms.
    get CreatedAt() {
      return goTime(container.Created * 1000);
    },
    ID: truncate ? shortId(container.Id) : container.Id,
    Image: imageOf(container, truncate),
    Label: (name: unknown) => container.Labels?.[String(name)] ?? '',
    Labels: joinLabels(container.Labels),
    LocalVolumes: String(mounts.filter(({ Driver }) => Driver === 'local').length),
    Mounts: mounts
      .map(({ Name, Source }) => Name || Source)
      .map((name) => (truncate ? ellipsis(name, MOUNT_LENGTH) : name))
      .join(','),
    Names: namesOf(container, truncate).join(','),
    Networks: Object.keys(container.NetworkSettings?.Networks ?? {})
      .toSorted()
      .join(','),
    Platform: container.ImageManifestDescriptor?.platform ?? null,
    Ports: formatPorts(container.Ports ?? []),
    RunningFor: ago(container.Created),
    Size: sizeOf(container),
    State: container.State,
    Status: container.Status,
  };
}

/** Links to other containers are names with a second slash. */
function namesOf({ Names }: ContainerSummary, truncate: boolean): string[] {
  const names = (Names ?? []).map((name) => name.replace(/^\//, ''));
  return truncate ? names.filter((name) => !name.includes('/')) : names;
}

function imageOf({ Image, ImageID }: ContainerSummary, truncate: boolean): string {
  if (Image === '') return '<no image>';
  if (!truncate) return Image;
  if (shortId(ImageID) === shortId(Image)) return shortId(ImageID);
  if (!Image.includes('@')) return Image;
  try {
    const { digest: _, ...reference } = parseReference(Image);
    return familiarName(reference);
  } catch {
    // An image that has lost its name shows as what it was asked for.
    return Image;
  }
}

function sizeOf({ SizeRw = 0, SizeRootFs = 0 }: ContainerSummary): string {
  const own = formatSize(SizeRw, 3);
  return SizeRootFs > 0 ? `${own} (virtual ${formatSize(SizeRootFs, 3)})` : own;
}
