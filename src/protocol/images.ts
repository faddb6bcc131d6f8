import type { ContainerConfig, Nullable } from './container-config.ts';
import { object, string } from './schema.ts';

/** An OCI content descriptor. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: Platform;
}

export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
}

/** A `platform` parameter in its JSON form, since 1.48. */
export const platformParameter = object({ os: string, architecture: string, variant: string });

/** One row of GET /images/json */
export interface ImageSummary {
  readonly Id: string;
  readonly ParentId: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Size: number;
  /** -1 when it was not asked for. */
  readonly SharedSize: number;
  /** Before 1.44 only. */
  readonly VirtualSize?: number;
  readonly Labels: Readonly<Record<string, string>> | null;
  /** -1 when it was not asked for. */
  readonly Containers: number;
  readonly Descriptor?: Descriptor;
}

/** GET /images/{name}/json */
export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  readonly Parent: string;
  readonly Comment: string;
  readonly Created?: string;
  readonly DockerVersion: string;
  readonly Author: string;
  readonly Config: Nullable<ContainerConfig>;
  readonly Architecture: string;
  readonly Variant?: string;
  readonly Os: string;
  readonly Size: number;
  /** Before 1.44 only. */
  readonly VirtualSize?: number;
  readonly GraphDriver: { readonly Data: Readonly<Record<string, string>> | null; readonly Name: string };
  readonly RootFS: { readonly Type: string; readonly Layers?: readonly string[] };
  readonly Metadata: { readonly LastTagTime: string };
  readonly Descriptor?: Descriptor;
}

/** One row of GET /images/{name}/history */
export interface ImageHistoryItem {
  readonly Id: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly CreatedBy: string;
  readonly Tags: readonly string[] | null;
  readonly Size: number;
  readonly Comment: string;
}

/** One row of DELETE /images/{name} */
export interface ImageDeleteItem {
  readonly Untagged?: string;
  readonly Deleted?: string;
}

/** POST /images/prune */
export interface ImagesPruneReport {
  readonly ImagesDeleted: readonly ImageDeleteItem[] | null;
  readonly SpaceReclaimed: number;
}

/** GET /distribution/{name}/json */
export interface DistributionInspect {
  readonly Descriptor: Descriptor;
  readonly Platforms: readonly Platform[];
}

/** POST /commit */
export interface CommitResponse {
  readonly Id: string;
}

/** One line of the progress of a pull, push, load or import. */
export interface ProgressMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  /** The bar as text, for clients that draw none. */
  readonly progress?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message: string };
  readonly aux?: unknown;
}
