import type { ContainerConfig, Nullable } from './container-config.ts';
import { array, object, string } from './schema.ts';

/** An OCI content descriptor. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Platform {
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
}

/** A `platform` parameter in its JSON form, since 1.48. */
export const platformParameter = object({
  os: string,
  architecture: string,
  variant: string,
  'os.version': string,
  'os.features': array(string),
});

/** One manifest behind an image's name, since 1.47. */
export interface ManifestSummary {
  readonly ID: string;
  readonly Descriptor: Descriptor;
  readonly Available: boolean;
  readonly Size: { readonly Content: number; readonly Total: number };
  readonly Kind: 'image' | 'attestation' | 'unknown';
  /** Images only. */
  readonly ImageData?: {
    readonly Platform: Platform;
    readonly Size: { readonly Unpacked: number };
    readonly Containers: readonly string[];
  };
  /** Attestations only. */
  readonly AttestationData?: { readonly For: string };
}

/** Of `POST /images/verify`, which Docker does not have. */
export interface ImageVerification {
  readonly Checked: number;
  /** Layers that are directories, which nothing tells the digest of. */
  readonly Unchecked: number;
  readonly Damages: readonly {
    readonly Digest: string;
    readonly Kind: 'manifest' | 'blob' | 'layer';
    readonly Problem: 'missing' | 'damaged';
    readonly Images: readonly string[];
    readonly Repaired: boolean;
    readonly Remark: string;
  }[];
}

/** One row of GET /images/search */
export interface ImageSearchResult {
  readonly star_count: number;
  readonly is_official: boolean;
  readonly name: string;
  /** Always false: no index says so any more. */
  readonly is_automated: boolean;
  readonly description: string;
}

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
  /** Since 1.47, for those who ask. */
  readonly Manifests?: readonly ManifestSummary[];
}

/** GET /images/{name}/json */
export interface ImageInspect {
  readonly Id: string;
  readonly RepoTags: readonly string[];
  readonly RepoDigests: readonly string[];
  /** Since 1.52 what is empty is left out; so are comment, author and version. */
  readonly Parent?: string;
  readonly Comment?: string;
  readonly Created?: string;
  readonly DockerVersion?: string;
  readonly Author?: string;
  /** Before 1.45. */
  readonly Container?: string;
  readonly ContainerConfig?: Nullable<ContainerConfig>;
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
  /** Since 1.48, for those who ask. */
  readonly Manifests?: readonly ManifestSummary[];
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
