import type { Digest } from '#oci/digest';
import type { Platform } from './platform.ts';

export type StringMap = Readonly<Record<string, string>>;

/** A pointer to content (descriptor.md). Unknown fields are dropped when it is read. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  readonly platform?: Platform | undefined;
  readonly annotations?: StringMap | undefined;
  readonly artifactType?: string | undefined;
  readonly urls?: readonly string[] | undefined;
}

/** One image of one platform (manifest.md, or Docker's schema 2, which has the same fields). */
export interface Manifest {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly artifactType?: string | undefined;
  readonly subject?: Descriptor | undefined;
  readonly annotations?: StringMap | undefined;
}

/** Images of several platforms (image-index.md, or Docker's manifest list). */
export interface Index {
  readonly schemaVersion: 2;
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly artifactType?: string | undefined;
  readonly subject?: Descriptor | undefined;
  readonly annotations?: StringMap | undefined;
}

/** An image's configuration blob (config.md), with what Docker adds to it. */
export interface ImageConfig extends Platform {
  /** RFC 3339. */
  readonly created?: string | undefined;
  readonly author?: string | undefined;
  readonly config?: RunConfig | undefined;
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly History[] | undefined;
  readonly docker_version?: string | undefined;
  /** Of BuildKit: results that lie in the image's layers. */
  readonly 'moby.buildkit.cache.v0'?: string | undefined;
  readonly comment?: string | undefined;
}

/** How a container of the image runs unless told otherwise. Field names are the format's. */
export interface RunConfig {
  readonly Hostname?: string | undefined;
  readonly Domainname?: string | undefined;
  readonly User?: string | undefined;
  readonly ExposedPorts?: Readonly<Record<string, Record<string, never>>> | undefined;
  readonly Env?: readonly string[] | undefined;
  readonly Entrypoint?: readonly string[] | undefined;
  readonly Cmd?: readonly string[] | undefined;
  readonly ArgsEscaped?: boolean | undefined;
  readonly Volumes?: Readonly<Record<string, Record<string, never>>> | undefined;
  readonly WorkingDir?: string | undefined;
  readonly Labels?: StringMap | undefined;
  readonly StopSignal?: string | undefined;
  /** Seconds. */
  readonly StopTimeout?: number | undefined;
  readonly Healthcheck?: Healthcheck | undefined;
  readonly OnBuild?: readonly string[] | undefined;
  readonly Shell?: readonly string[] | undefined;
}

/** Times in nanoseconds; 0 or absent: the engine's default. */
export interface Healthcheck {
  /** `['NONE']`, `['CMD', ...]`, `['CMD-SHELL', line]`. */
  readonly Test?: readonly string[] | undefined;
  readonly Interval?: number | undefined;
  readonly Timeout?: number | undefined;
  readonly StartPeriod?: number | undefined;
  readonly StartInterval?: number | undefined;
  readonly Retries?: number | undefined;
}

export interface History {
  readonly created?: string | undefined;
  readonly created_by?: string | undefined;
  readonly author?: string | undefined;
  readonly comment?: string | undefined;
  /** True: the step changed no file and has no layer. */
  readonly empty_layer?: boolean | undefined;
}
