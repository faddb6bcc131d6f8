// CONTRACT
import type { Readable } from 'node:stream';
import type { Events } from '#engine/events';
import type { Snapshots } from '#engine/snapshots';
import type { Logger } from '#lib/log';
import type { BlobStore, Database } from '#store';

/** An image's run-time defaults, from its OCI config. */
export interface ImageConfig {
  readonly user: string;
  readonly exposedPorts: readonly string[];
  readonly env: readonly string[];
  readonly entrypoint: readonly string[] | undefined;
  readonly cmd: readonly string[] | undefined;
  readonly volumes: readonly string[];
  readonly workingDir: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string | undefined;
  readonly shell: readonly string[] | undefined;
  readonly healthcheck: HealthcheckConfig | undefined;
  readonly onBuild: readonly string[] | undefined;
}
/** Durations in nanoseconds; 0 = the default. */
export interface HealthcheckConfig {
  /** `['NONE']`, `['CMD', ...]`, `['CMD-SHELL', command]`; empty = inherit. */
  readonly test: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly retries: number;
  readonly startPeriod: number;
  readonly startInterval: number;
}
export interface Image {
  /** `sha256:` digest of the config. */
  readonly id: string;
  /** Familiar references `busybox:latest`. */
  readonly tags: readonly string[];
  /** `name@sha256:...` */
  readonly digests: readonly string[];
  readonly created: string;
  readonly author: string;
  readonly architecture: string;
  readonly variant: string | undefined;
  readonly os: string;
  readonly config: ImageConfig;
  readonly layers: readonly { readonly diffId: string; readonly chainId: string }[];
  readonly history: readonly {
    readonly created: string;
    readonly createdBy: string;
    readonly author: string;
    readonly comment: string;
    readonly emptyLayer: boolean;
  }[];
  /** Bytes of all layers unpacked. */
  readonly size: number;
  /** Manifest digest and media type, when it came with one. */
  readonly manifest:
    | { readonly digest: string; readonly mediaType: string; readonly size: number }
    | undefined;
  readonly lastTagged: string | undefined;
  readonly parent: string | undefined;
  readonly comment: string;
}
export interface Progress {
  /** Short layer id or a tag: Docker's `id` field. */
  readonly id?: string;
  /** `Downloading`, `Pull complete`, `Loaded image: x`... */
  readonly status: string;
  readonly current?: number;
  readonly total?: number;
}
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
  readonly serverAddress?: string;
}
export interface PullOptions {
  readonly platform?: string;
  readonly auth?: RegistryAuth;
  readonly allTags?: boolean;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}
export interface RemoveResult {
  readonly untagged?: string;
  readonly deleted?: string;
}
/** Who holds an image: asked before it is removed. Given by the engine's wiring. */
export type ImageUsers = (
  imageId: string,
) => readonly { readonly containerId: string; readonly running: boolean }[];
export interface ImagesOptions {
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly snapshots: Snapshots;
  readonly events: Events;
  readonly log: Logger;
  readonly users: ImageUsers;
  readonly insecureRegistries: readonly string[];
  readonly registryMirrors: readonly string[];
  readonly maxConcurrentDownloads: number;
}
export declare class Images {
  static open(options: ImagesOptions): Promise<Images>;
  /** By name, tag, digest, id or id prefix. @throws notFound `No such image: x` */
  get(reference: string, options?: { platform?: string }): Image;
  list(): Image[];
  /** Loads a docker archive or OCI layout (plain, gzip, zstd). Rolls back what a broken archive began. */
  load(
    archive: Readable,
    options: { platform?: string; quiet?: boolean; onProgress?: (p: Progress) => void; signal?: AbortSignal },
  ): Promise<{ loaded: string[] }>;
  save(names: readonly string[], options?: { platform?: string; signal?: AbortSignal }): Promise<Readable>;
  /** `docker import`: a root file system tar becomes a one-layer image. */
  import(
    archive: Readable,
    options: {
      reference?: string;
      message?: string;
      changes?: readonly string[];
      platform?: string;
      signal?: AbortSignal;
    },
  ): Promise<Image>;
  /** `docker commit`'s second half: a new image = parent + one layer tar. */
  commit(options: {
    parent: string | undefined;
    layer: Readable;
    config: ImageConfig;
    author: string;
    comment: string;
    createdBy: string;
    reference?: string;
    signal?: AbortSignal;
  }): Promise<Image>;
  pull(reference: string, options: PullOptions): Promise<Image>;
  push(
    reference: string,
    options: { auth?: RegistryAuth; onProgress?: (p: Progress) => void; signal?: AbortSignal },
  ): Promise<{ tag: string; digest: string; size: number }>;
  tag(source: string, target: string): void;
  /** Untags and, when nothing refers to it, deletes. Docker's rules and conflict texts. */
  remove(reference: string, options: { force?: boolean; noPrune?: boolean }): Promise<RemoveResult[]>;
  prune(options: {
    dangling: boolean;
    until?: bigint;
    matchesLabels?: (labels: Readonly<Record<string, string>>) => boolean;
  }): Promise<{ removed: RemoveResult[]; reclaimed: number }>;
  /** Bytes per layer and who shares them, for `system df`. */
  usage(): Promise<{ total: number; images: readonly { id: string; size: number; shared: number }[] }>;
  history(
    reference: string,
  ): {
    id: string;
    created: string;
    createdBy: string;
    tags: readonly string[];
    size: number;
    comment: string;
  }[];
  /** Applies Dockerfile-style changes (`CMD ["x"]`, `ENV a=b`) to a config: commit and import use it. @throws invalid */
  applyChanges(config: ImageConfig, changes: readonly string[]): ImageConfig;
  /** Distribution inspect: digest, media type and platforms of a remote reference. */
  inspectRemote(
    reference: string,
    auth?: RegistryAuth,
    signal?: AbortSignal,
  ): Promise<{
    digest: string;
    mediaType: string;
    size: number;
    platforms: readonly { os: string; architecture: string; variant?: string }[];
  }>;
  close(): Promise<void>;
}
