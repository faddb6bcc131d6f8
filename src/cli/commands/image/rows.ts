import { shortId } from '#lib/ids';
import { formatSize } from '#lib/sizes';
import type { ImageHistoryItem, ImageSummary } from '#protocol';
import type { Listing, Row } from '../../output/list.ts';
import { ago, ellipsis, goTime, localRfc3339 } from '../../output/text.ts';

const NONE = '<none>';
const CREATED_BY_LENGTH = 45;

const TITLES = {
  Containers: 'CONTAINERS',
  CreatedAt: 'CREATED AT',
  CreatedSince: 'CREATED',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  Repository: 'REPOSITORY',
  SharedSize: 'SHARED SIZE',
  Size: 'SIZE',
  Tag: 'TAG',
  UniqueSize: 'UNIQUE SIZE',
  VirtualSize: 'SIZE',
} as const;

export const imageListing = (withDigests: boolean): Listing => ({
  titles: TITLES,
  columns: ['Repository', 'Tag', ...(withDigests ? ['Digest'] : []), 'ID', 'CreatedSince', 'Size'],
  quiet: 'ID',
});

interface Name {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** One row a name; an image without one has a row all the same. */
export function imageRows(
  image: ImageSummary,
  options: { readonly truncate: boolean; readonly digests: boolean },
): Row[] {
  return namesOf(image, options.digests).map(({ repository, tag, digest }) => ({
    Containers: image.Containers < 0 ? 'N/A' : String(image.Containers),
    get CreatedAt() {
      return goTime(image.Created * 1000);
    },
    CreatedSince: image.Created > 0 ? ago(image.Created) : 'N/A',
    Digest: digest,
    ID: options.truncate ? shortId(image.Id) : image.Id,
    Repository: repository,
    SharedSize: image.SharedSize < 0 ? 'N/A' : formatSize(image.SharedSize),
    Size: formatSize(image.Size, 3),
    Tag: tag,
    UniqueSize: image.SharedSize < 0 ? 'N/A' : formatSize(image.Size - image.SharedSize),
    VirtualSize: formatSize(image.VirtualSize ?? image.Size, 3),
  }));
}

function namesOf(image: ImageSummary, withDigests: boolean): Name[] {
  const digests = (image.RepoDigests ?? []).map(splitDigest).filter(({ repository }) => repository !== NONE);
  const tagged = (image.RepoTags ?? []).map(splitTag).filter(({ repository }) => repository !== NONE);
  const names = tagged.flatMap(({ repository, tag }): Name[] => {
    const own = withDigests ? digests.filter((entry) => entry.repository === repository) : [];
    if (own.length === 0) return [{ repository, tag, digest: NONE }];
    return own.map(({ digest }) => ({ repository, tag, digest }));
  });
  // Pulled by digest only: the repository is known, the tag is not.
  const untagged = digests.filter(
    ({ repository }) => !tagged.some((entry) => entry.repository === repository),
  );
  const rest = untagged.map(({ repository, digest }): Name => ({ repository, tag: NONE, digest }));
  const all = [...names, ...(withDigests ? rest : unique(rest))];
  return all.length > 0 ? all : [{ repository: NONE, tag: NONE, digest: NONE }];
}

const unique = (names: readonly Name[]): Name[] => [
  ...new Map(names.map((name) => [name.repository, name])).values(),
];

function splitTag(name: string): { repository: string; tag: string } {
  const colon = name.lastIndexOf(':');
  return colon < 0
    ? { repository: name, tag: NONE }
    : { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

function splitDigest(name: string): { repository: string; digest: string } {
  const at = name.indexOf('@');
  return at < 0
    ? { repository: name, digest: NONE }
    : { repository: name.slice(0, at), digest: name.slice(at + 1) };
}

export const historyListing = (human: boolean): Listing => ({
  titles: {
    Comment: 'COMMENT',
    CreatedAt: 'CREATED AT',
    CreatedBy: 'CREATED BY',
    CreatedSince: 'CREATED',
    ID: 'IMAGE',
    Size: 'SIZE',
  },
  columns: ['ID', human ? 'CreatedSince' : 'CreatedAt', 'CreatedBy', 'Size', 'Comment'],
  quiet: 'ID',
});

export function historyRow(
  item: ImageHistoryItem,
  options: { readonly truncate: boolean; readonly human: boolean },
): Row {
  const by = item.CreatedBy.replaceAll('\t', ' ');
  const at = localRfc3339(item.Created * 1000);
  return {
    Comment: item.Comment,
    CreatedAt: at,
    CreatedBy: options.truncate ? ellipsis(by, CREATED_BY_LENGTH) : by,
    CreatedSince: !options.human ? at : item.Created > 0 ? ago(item.Created) : 'N/A',
    ID: options.truncate ? shortId(item.Id) : item.Id,
    Size: options.human ? formatSize(item.Size, 3) : String(item.Size),
  };
}
