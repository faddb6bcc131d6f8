import { type ContainerConfig, containerConfig, type Nullable } from './container-config.ts';
import { type HostConfig, hostConfig, resourceFields, restartPolicy } from './host-config.ts';
import type { Descriptor } from './images.ts';
import { endpointSettings } from './networks.ts';
import { array, map, object, type Static, string } from './schema.ts';

/** POST /containers/create */
export const containerCreateRequest = object({
  ...containerConfig.fields,
  HostConfig: hostConfig,
  NetworkingConfig: object({ EndpointsConfig: map(endpointSettings) }),
});
export type ContainerCreateRequest = Static<typeof containerCreateRequest>;

export interface ContainerCreateResponse {
  readonly Id: string;
  readonly Warnings: readonly string[];
}

/** POST /containers/{id}/update. The last two fields are Berth's own: see docs/networking.md. */
export const containerUpdateRequest = object({
  ...resourceFields,
  RestartPolicy: restartPolicy,
  /** As `HostConfig.PortBindings`. */
  PublishAdd: hostConfig.fields.PortBindings,
  /** `8080`, `8080/udp`, `127.0.0.1:8080`, `8080:80/tcp` */
  PublishRemove: array(string),
});
export type ContainerUpdateRequest = Static<typeof containerUpdateRequest>;
export interface ContainerUpdateResponse {
  readonly Warnings: readonly string[] | null;
}

/** POST /containers/{id}/wait */
export interface ContainerWaitResponse {
  readonly StatusCode: number;
  readonly Error?: { readonly Message: string };
}

export interface Port {
  readonly IP?: string;
  readonly PrivatePort: number;
  readonly PublicPort?: number;
  readonly Type: string;
}

export interface MountPoint {
  readonly Type: string;
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Driver?: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
}

/** What a network gave a container. */
export interface EndpointResource {
  readonly IPAMConfig: {
    readonly IPv4Address?: string;
    readonly IPv6Address?: string;
    readonly LinkLocalIPs?: readonly string[];
  } | null;
  readonly Links: readonly string[] | null;
  readonly Aliases: readonly string[] | null;
  readonly MacAddress: string;
  readonly DriverOpts: Readonly<Record<string, string>> | null;
  readonly GwPriority: number;
  readonly NetworkID: string;
  readonly EndpointID: string;
  readonly Gateway: string;
  readonly IPAddress: string;
  readonly IPPrefixLen: number;
  readonly IPv6Gateway: string;
  readonly GlobalIPv6Address: string;
  readonly GlobalIPv6PrefixLen: number;
  readonly DNSNames: readonly string[] | null;
}

/** One row of GET /containers/json */
export interface ContainerSummary {
  readonly Id: string;
  /** With the leading slash. */
  readonly Names: readonly string[];
  readonly Image: string;
  readonly ImageID: string;
  readonly ImageManifestDescriptor?: Descriptor;
  readonly Command: string;
  /** Seconds since the epoch. */
  readonly Created: number;
  readonly Ports: readonly Port[];
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Labels: Readonly<Record<string, string>>;
  readonly State: string;
  /** `Up 3 minutes (healthy)` */
  readonly Status: string;
  readonly Health?: { readonly Status: string; readonly FailingStreak: number };
  readonly HostConfig: {
    readonly NetworkMode: string;
    readonly Annotations?: Readonly<Record<string, string>>;
  };
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, EndpointResource>> };
  readonly Mounts: readonly MountPoint[];
}

export interface HealthcheckResult {
  readonly Start: string;
  readonly End: string;
  readonly ExitCode: number;
  readonly Output: string;
}
export interface Health {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly HealthcheckResult[];
}

export interface ContainerState {
  readonly Status: string;
  readonly Running: boolean;
  readonly Paused: boolean;
  readonly Restarting: boolean;
  readonly OOMKilled: boolean;
  readonly Dead: boolean;
  readonly Pid: number;
  readonly ExitCode: number;
  readonly Error: string;
  readonly StartedAt: string;
  readonly FinishedAt: string;
  readonly Health?: Health;
}

export interface NetworkSettings {
  readonly SandboxID: string;
  readonly SandboxKey: string;
  readonly Ports: Readonly<Record<string, readonly { HostIp: string; HostPort: string }[] | null>>;
  readonly Networks: Readonly<Record<string, EndpointResource>>;
  /** From here on: gone since 1.52. */
  readonly Bridge?: string;
  readonly HairpinMode?: boolean;
  readonly LinkLocalIPv6Address?: string;
  readonly LinkLocalIPv6PrefixLen?: number;
  readonly SecondaryIPAddresses?: null;
  readonly SecondaryIPv6Addresses?: null;
  readonly EndpointID?: string;
  readonly Gateway?: string;
  readonly GlobalIPv6Address?: string;
  readonly GlobalIPv6PrefixLen?: number;
  readonly IPAddress?: string;
  readonly IPPrefixLen?: number;
  readonly IPv6Gateway?: string;
  readonly MacAddress?: string;
}

/** GET /containers/{id}/json */
export interface ContainerInspect {
  readonly Id: string;
  readonly Created: string;
  readonly Path: string;
  readonly Args: readonly string[];
  readonly State: ContainerState;
  readonly Image: string;
  readonly ResolvConfPath: string;
  readonly HostnamePath: string;
  readonly HostsPath: string;
  readonly LogPath: string;
  readonly Name: string;
  readonly RestartCount: number;
  readonly Driver: string;
  readonly Platform: string;
  readonly MountLabel: string;
  readonly ProcessLabel: string;
  readonly AppArmorProfile: string;
  readonly ExecIDs: readonly string[] | null;
  readonly HostConfig: Nullable<HostConfig>;
  readonly GraphDriver: { readonly Data: Readonly<Record<string, string>> | null; readonly Name: string };
  readonly SizeRw?: number;
  readonly SizeRootFs?: number;
  readonly Mounts: readonly MountPoint[];
  readonly Config: Nullable<ContainerConfig>;
  readonly NetworkSettings: NetworkSettings;
  readonly ImageManifestDescriptor?: Descriptor;
}

/** GET /containers/{id}/top */
export interface ContainerTopResponse {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[];
}

/** GET /containers/{id}/changes. Kind: 0 modified, 1 added, 2 deleted. */
export interface FilesystemChange {
  readonly Path: string;
  readonly Kind: 0 | 1 | 2;
}

/** The header X-Docker-Container-Path-Stat. */
export interface ContainerPathStat {
  readonly name: string;
  readonly size: number;
  /** Go's os.FileMode bits. */
  readonly mode: number;
  readonly mtime: string;
  readonly linkTarget: string;
}

/** POST /containers/prune */
export interface ContainersPruneReport {
  readonly ContainersDeleted: readonly string[] | null;
  readonly SpaceReclaimed: number;
}

/** GET /ports/{port}/explain?protocol=tcp, Berth's own */
export interface PortExplanation {
  readonly Policy: string;
  readonly Owners: readonly {
    readonly Name: string;
    readonly HostIp: string;
    readonly ContainerPort: number;
  }[];
  readonly Verdicts: readonly {
    readonly Interface: string;
    readonly Sources: readonly string[];
    readonly Open: boolean;
    readonly Rule: string;
  }[];
  readonly Problems: readonly string[];
}
