import { array, boolean, integer, map, object, type Static, string, strings } from './schema.ts';

const portBinding = object({ HostIp: string, HostPort: string });
export type PortBinding = Static<typeof portBinding>;

export const restartPolicy = object({ Name: string, MaximumRetryCount: integer });
export const ulimit = object({ Name: string, Soft: integer, Hard: integer });
const weightDevice = object({ Path: string, Weight: integer });
const throttleDevice = object({ Path: string, Rate: integer });

const mountSchema = object({
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

export const resourceFields = {
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

const resources = object(resourceFields);
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
  /** Since 1.56. */
  Umask: integer,
});
export type HostConfig = Static<typeof hostConfig>;
