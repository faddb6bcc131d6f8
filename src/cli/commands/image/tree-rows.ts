import { shortId } from '#lib/ids';
import { formatSize } from '#lib/sizes';
import type { ImageSummary, ManifestSummary } from '#protocol';
import type { Listing, Row } from '../../output/list.ts';

const NOT_HERE = '-';

export const treeListing: Listing = {
  titles: {
    ContentSize: 'CONTENT SIZE',
    DiskUsage: 'DISK USAGE',
    ID: 'ID',
    Image: 'IMAGE',
    InUse: 'IN USE',
  },
  columns: ['Image', 'ID', 'DiskUsage', 'ContentSize', 'InUse'],
};

/** An image with all its names, and below it its platforms, those that are not here too. */
export function treeRows(image: ImageSummary, options: { readonly truncate: boolean }): Row[] {
  const id = (digest: string) => (options.truncate ? shortId(digest) : digest);
  const platforms = (image.Manifests ?? []).flatMap((manifest) =>
    manifest.ImageData ? [{ ...manifest, data: manifest.ImageData }] : [],
  );
  const names = image.RepoTags.length > 0 ? image.RepoTags : ['<untagged>'];
  const content = (image.Manifests ?? []).reduce((sum, { Size }) => sum + Size.Content, 0);
  const [first, ...others] = names;
  const head = {
    Image: first,
    ID: id(image.Id),
    DiskUsage: formatSize(image.Size, 3),
    ContentSize: formatSize(content, 3),
    InUse: image.Containers > 0 ? 'U' : '',
  };
  const empty = { ID: '', DiskUsage: '', ContentSize: '', InUse: '' };
  return [
    head,
    ...others.map((name) => ({ ...empty, Image: name })),
    ...platforms.map(({ ID, Size, Available, data }, index) => ({
      Image: `${index === platforms.length - 1 ? '└─' : '├─'} ${platformText(data.Platform)}`,
      ID: id(ID),
      DiskUsage: Available ? formatSize(Size.Total, 3) : NOT_HERE,
      ContentSize: Available ? formatSize(Size.Content, 3) : NOT_HERE,
      InUse: data.Containers.length > 0 ? 'U' : '',
    })),
  ];
}

type Platform = NonNullable<ManifestSummary['ImageData']>['Platform'];

const platformText = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, variant].filter(Boolean).join('/');
