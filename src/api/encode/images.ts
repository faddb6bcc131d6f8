import type { Image, ImageConfig, RemoveResult } from '#engine/images';
import { NEVER, parseTime } from '#lib/time';
import type {
  Descriptor,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImageSummary,
  ManifestSummary,
  Nullable,
  ContainerConfig as WireConfig,
} from '#protocol';
import type { Since } from '../decode/by-version/since.ts';
import { healthcheck, keySet } from './container-config.ts';

const seconds = (time: string): number => Number((parseTime(time) ?? 0n) / 1_000_000_000n);

export interface SummaryOptions {
  readonly since: Since;
  readonly shared?: number;
  readonly containers?: number;
  readonly manifests?: readonly ManifestSummary[];
}

export function imageSummary(image: Image, options: SummaryOptions): ImageSummary {
  const { since, manifests } = options;
  const nameless = image.tags.length === 0 && image.digests.length === 0;
  const none = (names: readonly string[], word: string) => (nameless && !since('1.43') ? [word] : names);
  return {
    Id: image.id,
    ParentId: image.parent ?? '',
    RepoTags: none(image.tags, '<none>:<none>'),
    RepoDigests: none(image.digests, '<none>@<none>'),
    Created: seconds(image.created),
    Size: image.size,
    SharedSize: options.shared ?? -1,
    ...(!since('1.44') && { VirtualSize: image.size }),
    Labels: image.config.labels,
    Containers: options.containers ?? -1,
    ...(since('1.48') && image.manifest && { Descriptor: descriptor(image, image.manifest) }),
    ...(manifests && { Manifests: manifests }),
  };
}

export interface InspectOptions {
  readonly driver: string;
  readonly graph: Readonly<Record<string, string>> | null;
  readonly since: Since;
  readonly manifests?: readonly ManifestSummary[];
}

export function imageInspect(
  image: Image,
  { driver, graph, since, manifests }: InspectOptions,
): ImageInspect {
  // Before 1.44 a time that nobody knows was told as the beginning of time.
  const created = image.created || (since('1.44') ? '' : NEVER);
  return {
    Id: image.id,
    RepoTags: image.tags,
    RepoDigests: image.digests,
    ...said('Parent', image.parent ?? '', since),
    ...said('Comment', image.comment, since),
    ...(created && { Created: created }),
    ...said('DockerVersion', '', since),
    ...said('Author', image.author, since),
    ...(!since('1.45') && { Container: '', ContainerConfig: NO_CONTAINER_CONFIG }),
    Config: configOf(image.config, since),
    Architecture: image.architecture,
    ...(image.variant && { Variant: image.variant }),
    Os: image.os,
    Size: image.size,
    ...(!since('1.44') && { VirtualSize: image.size }),
    GraphDriver: { Data: graph, Name: driver },
    RootFS: { Type: 'layers', Layers: image.layers.map((layer) => layer.diffId) },
    Metadata: { LastTagTime: image.lastTagged ?? NEVER },
    ...(since('1.48') && image.manifest && { Descriptor: descriptor(image, image.manifest) }),
    ...(manifests && { Manifests: manifests }),
  };
}

/** What is empty is left out since 1.52. */
const said = <K extends string>(name: K, value: string, since: Since) =>
  (value === '' && since('1.52') ? {} : { [name]: value }) as { readonly [N in K]?: string };

/** Before 1.50 the configuration had all fields of a container's, before 1.52 those of its own that are empty. */
function configOf(config: ImageConfig, since: Since): Nullable<WireConfig> {
  if (since('1.52')) return imageConfig(config);
  return { ...(since('1.50') ? NO_IMAGE_CONFIG : NO_CONTAINER_CONFIG), ...imageConfig(config) };
}

const NO_IMAGE_CONFIG: Nullable<WireConfig> = {
  User: '',
  Env: null,
  Cmd: null,
  Volumes: null,
  WorkingDir: '',
  Entrypoint: null,
  OnBuild: null,
  Labels: null,
};

const NO_CONTAINER_CONFIG: Nullable<WireConfig> = {
  ...NO_IMAGE_CONFIG,
  Hostname: '',
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
};

function imageConfig(config: ImageConfig): Nullable<WireConfig> {
  return {
    ...(config.user && { User: config.user }),
    ...(config.exposedPorts.length > 0 && { ExposedPorts: keySet(config.exposedPorts) }),
    ...(config.env.length > 0 && { Env: config.env }),
    ...(config.entrypoint && { Entrypoint: config.entrypoint }),
    ...(config.cmd && { Cmd: config.cmd }),
    ...(config.volumes.length > 0 && { Volumes: keySet(config.volumes) }),
    ...(config.workingDir && { WorkingDir: config.workingDir }),
    ...(Object.keys(config.labels).length > 0 && { Labels: config.labels }),
    ...(config.stopSignal && { StopSignal: config.stopSignal }),
    ...(config.healthcheck && { Healthcheck: healthcheck(config.healthcheck) }),
    ...(config.onBuild && { OnBuild: config.onBuild }),
    ...(config.shell && { Shell: config.shell }),
  };
}

function descriptor(image: Image, manifest: NonNullable<Image['manifest']>): Descriptor {
  return {
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.size,
    platform: {
      architecture: image.architecture,
      os: image.os,
      ...(image.variant && { variant: image.variant }),
    },
  };
}

export interface HistoryItem {
  readonly id: string;
  readonly created: string;
  readonly createdBy: string;
  readonly tags: readonly string[];
  readonly size: number;
  readonly comment: string;
}

export const historyItem = (item: HistoryItem): ImageHistoryItem => ({
  Id: item.id,
  Created: seconds(item.created),
  CreatedBy: item.createdBy,
  Tags: item.tags.length > 0 ? item.tags : null,
  Size: item.size,
  Comment: item.comment,
});

export const deleteItem = ({ untagged, deleted }: RemoveResult): ImageDeleteItem => ({
  ...(untagged !== undefined && { Untagged: untagged }),
  ...(deleted !== undefined && { Deleted: deleted }),
});
