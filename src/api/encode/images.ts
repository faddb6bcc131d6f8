import type { Image, ImageConfig, RemoveResult } from '#engine/images';
import { NEVER, parseTime } from '#lib/time';
import type {
  Descriptor,
  ImageDeleteItem,
  ImageHistoryItem,
  ImageInspect,
  ImageSummary,
  Nullable,
  ContainerConfig as WireConfig,
} from '#protocol';
import { healthcheck, keySet } from './container-config.ts';

const seconds = (time: string): number => Number((parseTime(time) ?? 0n) / 1_000_000_000n);

export interface SummaryOptions {
  /** Before 1.43: nameless images are called `<none>:<none>`. */
  readonly namesNone: boolean;
  /** Before 1.44. */
  readonly virtualSize: boolean;
  /** Since 1.48. */
  readonly withDescriptor: boolean;
  readonly shared?: number;
  readonly containers?: number;
}

export function imageSummary(image: Image, options: SummaryOptions): ImageSummary {
  const none = (names: readonly string[], word: string) =>
    names.length === 0 && options.namesNone ? [word] : names;
  return {
    Id: image.id,
    ParentId: image.parent ?? '',
    RepoTags: none(image.tags, '<none>:<none>'),
    RepoDigests: none(image.digests, '<none>@<none>'),
    Created: seconds(image.created),
    Size: image.size,
    SharedSize: options.shared ?? -1,
    ...(options.virtualSize && { VirtualSize: image.size }),
    Labels: image.config.labels,
    Containers: options.containers ?? -1,
    ...(options.withDescriptor && image.manifest && { Descriptor: descriptor(image, image.manifest) }),
  };
}

export interface InspectOptions {
  readonly driver: string;
  readonly graph: Readonly<Record<string, string>> | null;
  /** Before 1.44. */
  readonly virtualSize: boolean;
  /** Since 1.48. */
  readonly withDescriptor: boolean;
  /** Before 1.50 the configuration had all fields of a container's. */
  readonly wholeConfig: boolean;
}

export function imageInspect(image: Image, options: InspectOptions): ImageInspect {
  return {
    Id: image.id,
    RepoTags: image.tags,
    RepoDigests: image.digests,
    Parent: image.parent ?? '',
    Comment: image.comment,
    ...(image.created && { Created: image.created }),
    DockerVersion: '',
    Author: image.author,
    Config: options.wholeConfig
      ? { ...EMPTY_CONFIG, ...imageConfig(image.config) }
      : imageConfig(image.config),
    Architecture: image.architecture,
    ...(image.variant && { Variant: image.variant }),
    Os: image.os,
    Size: image.size,
    ...(options.virtualSize && { VirtualSize: image.size }),
    GraphDriver: { Data: options.graph, Name: options.driver },
    RootFS: { Type: 'layers', Layers: image.layers.map((layer) => layer.diffId) },
    Metadata: { LastTagTime: image.lastTagged ?? NEVER },
    ...(options.withDescriptor && image.manifest && { Descriptor: descriptor(image, image.manifest) }),
  };
}

const EMPTY_CONFIG: Nullable<WireConfig> = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
  Volumes: null,
  Entrypoint: null,
  OnBuild: null,
};

function imageConfig(config: ImageConfig): Nullable<WireConfig> {
  return {
    ...(config.user && { User: config.user }),
    ...(config.exposedPorts.length > 0 && { ExposedPorts: keySet(config.exposedPorts) }),
    Env: config.env,
    ...(config.entrypoint && { Entrypoint: config.entrypoint }),
    Cmd: config.cmd ?? null,
    ...(config.volumes.length > 0 && { Volumes: keySet(config.volumes) }),
    WorkingDir: config.workingDir,
    Labels: Object.keys(config.labels).length > 0 ? config.labels : null,
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
