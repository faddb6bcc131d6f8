import type { ContainerSummary } from './containers.ts';
import type { ImageSummary } from './images.ts';
import { object, type Static, string } from './schema.ts';
import type { VolumeInspect } from './volumes.ts';

/** POST /auth, and the content of the header X-Registry-Auth. */
export const authConfig = object({
  username: string,
  password: string,
  auth: string,
  email: string,
  serveraddress: string,
  identitytoken: string,
  registrytoken: string,
});
export type AuthConfig = Static<typeof authConfig>;

/** GET /version */
export interface SystemVersion {
  readonly Platform: { readonly Name: string };
  readonly Components: readonly {
    readonly Name: string;
    readonly Version: string;
    readonly Details: Readonly<Record<string, string>>;
  }[];
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
  readonly GitCommit: string;
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion: string;
  readonly BuildTime: string;
  /** Only of an engine with --experimental. */
  readonly Experimental?: true;
}

export interface RuntimeInfo {
  readonly path: string;
  readonly runtimeArgs?: readonly string[];
}

/** GET /info */
export interface SystemInfo {
  readonly ID: string;
  readonly Containers: number;
  readonly ContainersRunning: number;
  readonly ContainersPaused: number;
  readonly ContainersStopped: number;
  readonly Images: number;
  readonly Driver: string;
  readonly DriverStatus: readonly (readonly [string, string])[];
  readonly Plugins: {
    readonly Volume: readonly string[];
    readonly Network: readonly string[];
    readonly Authorization: readonly string[] | null;
    readonly Log: readonly string[];
  };
  readonly MemoryLimit: boolean;
  readonly SwapLimit: boolean;
  readonly CpuCfsPeriod: boolean;
  readonly CpuCfsQuota: boolean;
  readonly CPUShares: boolean;
  readonly CPUSet: boolean;
  readonly PidsLimit: boolean;
  readonly IPv4Forwarding: boolean;
  readonly Debug: boolean;
  readonly NFd: number;
  readonly OomKillDisable: boolean;
  readonly NGoroutines: number;
  readonly SystemTime: string;
  readonly LoggingDriver: string;
  readonly CgroupDriver: string;
  readonly CgroupVersion: string;
  readonly NEventsListener: number;
  readonly KernelVersion: string;
  readonly OperatingSystem: string;
  readonly OSVersion: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly IndexServerAddress: string;
  readonly RegistryConfig: {
    readonly IndexConfigs: Readonly<Record<string, unknown>>;
    readonly InsecureRegistryCIDRs: readonly string[];
    readonly Mirrors: readonly string[] | null;
  };
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly GenericResources: null;
  readonly DockerRootDir: string;
  readonly HttpProxy: string;
  readonly HttpsProxy: string;
  readonly NoProxy: string;
  readonly Name: string;
  readonly Labels: readonly string[];
  readonly ExperimentalBuild: boolean;
  readonly ServerVersion: string;
  readonly Runtimes: Readonly<Record<string, RuntimeInfo>>;
  readonly DefaultRuntime: string;
  readonly Swarm: {
    readonly NodeID: string;
    readonly NodeAddr: string;
    readonly LocalNodeState: string;
    readonly ControlAvailable: boolean;
    readonly Error: string;
    readonly RemoteManagers: null;
  };
  readonly LiveRestoreEnabled: boolean;
  readonly Isolation: string;
  readonly InitBinary: string;
  readonly ContainerdCommit: { readonly ID: string };
  readonly RuncCommit: { readonly ID: string };
  readonly InitCommit: { readonly ID: string };
  readonly SecurityOptions: readonly string[];
  readonly FirewallBackend: { readonly Driver: string };
  readonly CDISpecDirs: readonly string[];
  readonly Warnings: readonly string[] | null;
}

export interface BuildCacheRecord {
  readonly ID: string;
  readonly Type: string;
  readonly Description: string;
  readonly InUse: boolean;
  readonly Shared: boolean;
  readonly Size: number;
  readonly CreatedAt: string;
  readonly LastUsedAt: string | null;
  readonly UsageCount: number;
}

/** Per kind of object, since 1.52. */
export interface DiskUsageOf<T> {
  readonly ActiveCount: number;
  readonly TotalCount: number;
  readonly Reclaimable: number;
  readonly TotalSize: number;
  /** With `verbose` only. */
  readonly Items?: readonly T[];
}

/** GET /system/df */
export interface DiskUsage {
  /** The first five are the form before 1.53; what was not asked for by `type` is left out. */
  readonly LayersSize?: number;
  readonly Images?: readonly ImageSummary[] | null;
  readonly Containers?: readonly ContainerSummary[] | null;
  readonly Volumes?: readonly VolumeInspect[] | null;
  readonly BuildCache?: readonly BuildCacheRecord[] | null;
  readonly ImageUsage?: DiskUsageOf<ImageSummary>;
  readonly ContainerUsage?: DiskUsageOf<ContainerSummary>;
  readonly VolumeUsage?: DiskUsageOf<VolumeInspect>;
  readonly BuildCacheUsage?: DiskUsageOf<BuildCacheRecord>;
}

/** POST /build/prune */
/** Of `POST /system/migrate-snapshots`, which Docker does not have: numbers of layers. */
export interface SnapshotMigration {
  /** What all layers were to be: `erofs` or `directory`. */
  readonly Form: string;
  readonly Converted: number;
  /** They were so before. */
  readonly Unchanged: number;
  /** By running containers: they stay as they were. */
  readonly InUse: number;
  /** An EROFS image cannot hold them. */
  readonly Unfit: number;
}

export interface BuildCachePruneReport {
  readonly CachesDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}
