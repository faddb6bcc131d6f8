import type { Descriptor } from './images.ts';
import { endpointSettings } from './networks.ts';
import { array, boolean, integer, map, object, type Static, string, strings } from './schema.ts';

/** What an answer may hold where a request leaves a field out: Go writes nil lists and maps as null. */
export type Nullable<T> = { readonly [K in keyof T]?: T[K] | null };

const emptyObject = object({});

export const healthConfig = object({
  Test: array(string),
  Interval: integer,
  Timeout: integer,
  Retries: integer,
  StartPeriod: integer,
  StartInterval: integer,
});
export type HealthConfig = Static<typeof healthConfig>;

export const containerConfig = object({
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: boolean,
  AttachStdout: boolean,
  AttachStderr: boolean,
  ExposedPorts: map(emptyObject),
  Tty: boolean,
  OpenStdin: boolean,
  StdinOnce: boolean,
  Env: array(string),
  Cmd: strings,
  Healthcheck: healthConfig,
  ArgsEscaped: boolean,
  Image: string,
  Volumes: map(emptyObject),
  WorkingDir: string,
  Entrypoint: strings,
  NetworkDisabled: boolean,
  /** Deprecated: belongs to the endpoint. */
  MacAddress: string,
  OnBuild: array(string),
  Labels: map(string),
  StopSignal: string,
  StopTimeout: integer,
  Shell: strings,
});
export type ContainerConfig = Static<typeof containerConfig>;

export const portBinding = object({ HostIp: string, HostPort: string });
export type PortBinding = Static<typeof portBinding>;

const restartPolicy = object({ Name: string, MaximumRetryCount: integer });
const ulimit = object({ Name: string, Soft: integer, Hard: integer });
const weightDevice = object({ Path: string, Weight: integer });
const throttleDevice = object({ Path: string, Rate: integer });

export const mountSchema = object({
  Type: string,
  Source: string,
  Target: string,
  ReadOnly: boolean,
  Consistency: string,
  BindOptions: object({
    Propagation: string,
    NonRecursive: boolean,
    CreateMountpoint: boolean,
    ReadOnlyNonRecursive: boolean,
    ReadOnlyForceRecursive: boolean,
  }),
  VolumeOptions: object({
    NoCopy: boolean,
    Labels: map(string),
    Subpath: string,
    DriverConfig: object({ Name: string, Options: map(string) }),
  }),
  ImageOptions: object({ Subpath: string }),
  TmpfsOptions: object({ SizeBytes: integer, Mode: integer, Options: array(array(string)) }),
});
export type Mount = Static<typeof mountSchema>;

const resourceFields = {
  CpuShares: integer,
  Memory: integer,
  NanoCpus: integer,
  CgroupParent: string,
  BlkioWeight: integer,
  BlkioWeightDevice: array(weightDevice),
  BlkioDeviceReadBps: array(throttleDevice),
  BlkioDeviceWriteBps: array(throttleDevice),
  BlkioDeviceReadIOps: array(throttleDevice),
  BlkioDeviceWriteIOps: array(throttleDevice),
  CpuPeriod: integer,
  CpuQuota: integer,
  CpuRealtimePeriod: integer,
  CpuRealtimeRuntime: integer,
  CpusetCpus: string,
  CpusetMems: string,
  Devices: array(object({ PathOnHost: string, PathInContainer: string, CgroupPermissions: string })),
  DeviceCgroupRules: array(string),
  DeviceRequests: array(
    object({
      Driver: string,
      Count: integer,
      DeviceIDs: array(string),
      Capabilities: array(array(string)),
      Options: map(string),
    }),
  ),
  KernelMemory: integer,
  KernelMemoryTCP: integer,
  MemoryReservation: integer,
  MemorySwap: integer,
  MemorySwappiness: integer,
  OomKillDisable: boolean,
  PidsLimit: integer,
  Ulimits: array(ulimit),
  CpuCount: integer,
  CpuPercent: integer,
  IOMaximumIOps: integer,
  IOMaximumBandwidth: integer,
} as const;

export const resources = object(resourceFields);
export type Resources = Static<typeof resources>;

export const hostConfig = object({
  Binds: array(string),
  ContainerIDFile: string,
  LogConfig: object({ Type: string, Config: map(string) }),
  NetworkMode: string,
  PortBindings: map(array(portBinding)),
  RestartPolicy: restartPolicy,
  AutoRemove: boolean,
  VolumeDriver: string,
  VolumesFrom: array(string),
  /** Rows, columns. */
  ConsoleSize: array(integer),
  Annotations: map(string),
  CapAdd: strings,
  CapDrop: strings,
  CgroupnsMode: string,
  Dns: array(string),
  DnsOptions: array(string),
  DnsSearch: array(string),
  ExtraHosts: array(string),
  GroupAdd: array(string),
  IpcMode: string,
  Cgroup: string,
  Links: array(string),
  OomScoreAdj: integer,
  PidMode: string,
  Privileged: boolean,
  PublishAllPorts: boolean,
  ReadonlyRootfs: boolean,
  SecurityOpt: array(string),
  StorageOpt: map(string),
  Tmpfs: map(string),
  UTSMode: string,
  UsernsMode: string,
  ShmSize: integer,
  Sysctls: map(string),
  Runtime: string,
  Isolation: string,
  ...resourceFields,
  Mounts: array(mountSchema),
  MaskedPaths: array(string),
  ReadonlyPaths: array(string),
  Init: boolean,
});
export type HostConfig = Static<typeof hostConfig>;

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

/** POST /containers/{id}/update */
export const containerUpdateRequest = object({ ...resourceFields, RestartPolicy: restartPolicy });
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
