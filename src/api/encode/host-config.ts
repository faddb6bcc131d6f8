import type { HostConfig, MountSpec, Resources, ThrottleDevice, Ulimit } from '#engine/containers';
import type { PortBinding } from '#engine/networks';
import type { Mount, Nullable, HostConfig as WireHostConfig, Resources as WireResources } from '#protocol';

/** `links`: `/db:/web/alias`, by the names that the containers have now. */
export function hostConfig(host: HostConfig, links: readonly string[]): Nullable<WireHostConfig> {
  return {
    Binds: orNull(host.binds),
    ContainerIDFile: host.containerIdFile,
    LogConfig: { Type: host.logConfig.driver, Config: host.logConfig.options },
    NetworkMode: host.networkMode,
    PortBindings: portBindings(host.portBindings),
    RestartPolicy: {
      Name: host.restartPolicy.name,
      MaximumRetryCount: host.restartPolicy.maximumRetryCount,
    },
    AutoRemove: host.autoRemove,
    VolumeDriver: host.volumeDriver ?? '',
    VolumesFrom: orNull(host.volumesFrom),
    ConsoleSize: host.consoleSize,
    ...(Object.keys(host.annotations).length > 0 && { Annotations: host.annotations }),
    CapAdd: orNull(host.capAdd),
    CapDrop: orNull(host.capDrop),
    CgroupnsMode: host.cgroupnsMode,
    Dns: host.dns,
    DnsOptions: host.dnsOptions,
    DnsSearch: host.dnsSearch,
    ExtraHosts: orNull(host.extraHosts),
    GroupAdd: orNull(host.groupAdd),
    IpcMode: host.ipcMode,
    Cgroup: '',
    Links: orNull(links),
    OomScoreAdj: host.oomScoreAdj,
    PidMode: host.pidMode,
    Privileged: host.privileged,
    PublishAllPorts: host.publishAllPorts,
    ReadonlyRootfs: host.readonlyRootfs,
    SecurityOpt: orNull(host.securityOpt),
    ...(Object.keys(host.storageOptions).length > 0 && { StorageOpt: host.storageOptions }),
    ...(Object.keys(host.tmpfs).length > 0 && { Tmpfs: host.tmpfs }),
    UTSMode: host.utsMode,
    UsernsMode: host.usernsMode,
    ShmSize: host.shmSize,
    ...(Object.keys(host.sysctls).length > 0 && { Sysctls: host.sysctls }),
    Runtime: host.runtime ?? '',
    Isolation: '',
    ...resources(host.resources),
    CgroupParent: host.cgroupParent,
    Devices: host.devices.map((device) => ({
      PathOnHost: device.pathOnHost,
      PathInContainer: device.pathInContainer,
      CgroupPermissions: device.cgroupPermissions,
    })),
    DeviceCgroupRules: orNull(host.deviceCgroupRules),
    DeviceRequests: null,
    Ulimits: host.ulimits.map(ulimit),
    ...(host.mounts.length > 0 && { Mounts: host.mounts.map(mount) }),
    ...(host.maskedPaths && { MaskedPaths: host.maskedPaths }),
    ...(host.readonlyPaths && { ReadonlyPaths: host.readonlyPaths }),
    ...(host.init !== undefined && { Init: host.init }),
    ...(host.umask !== undefined && { Umask: host.umask }),
  };
}

/** Go writes a list that was never given as null. */
const orNull = <T>(list: readonly T[]): readonly T[] | null => (list.length > 0 ? list : null);

function resources(limits: Resources): Nullable<WireResources> {
  return {
    CpuShares: limits.cpuShares,
    Memory: limits.memory,
    NanoCpus: limits.nanoCpus,
    BlkioWeight: limits.blkioWeight,
    BlkioWeightDevice: limits.blkioWeightDevices.map(({ path, weight }) => ({ Path: path, Weight: weight })),
    BlkioDeviceReadBps: throttles(limits.blkioReadBps),
    BlkioDeviceWriteBps: throttles(limits.blkioWriteBps),
    BlkioDeviceReadIOps: throttles(limits.blkioReadIops),
    BlkioDeviceWriteIOps: throttles(limits.blkioWriteIops),
    CpuPeriod: limits.cpuPeriod,
    CpuQuota: limits.cpuQuota,
    CpuRealtimePeriod: limits.cpuRealtimePeriod,
    CpuRealtimeRuntime: limits.cpuRealtimeRuntime,
    CpusetCpus: limits.cpusetCpus,
    CpusetMems: limits.cpusetMems,
    MemoryReservation: limits.memoryReservation,
    MemorySwap: limits.memorySwap,
    ...(limits.kernelMemoryTcp && { KernelMemoryTCP: limits.kernelMemoryTcp }),
    MemorySwappiness: limits.memorySwappiness ?? null,
    OomKillDisable: limits.oomKillDisable ?? null,
    // An update to "no limit" is told as zero.
    PidsLimit: limits.pidsLimit === undefined ? null : Math.max(0, limits.pidsLimit),
    CpuCount: 0,
    CpuPercent: 0,
    IOMaximumIOps: 0,
    IOMaximumBandwidth: 0,
  };
}

const throttles = (devices: readonly ThrottleDevice[]) =>
  devices.map(({ path, rate }) => ({ Path: path, Rate: rate }));

const ulimit = ({ name, soft, hard }: Ulimit) => ({ Name: name, Hard: hard, Soft: soft });

function portBindings(bindings: readonly PortBinding[]): WireHostConfig['PortBindings'] {
  const map: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const { containerPort, protocol, hostIp, hostPort, hostPortEnd } of bindings) {
    const list = (map[`${containerPort}/${protocol}`] ??= []);
    const range = hostPortEnd === undefined ? `${hostPort}` : `${hostPort}-${hostPortEnd}`;
    list.push({ HostIp: hostIp, HostPort: hostPort === 0 ? '' : range });
  }
  return map;
}

function mount(spec: MountSpec): Mount {
  const { bind, volume, image, tmpfs } = spec;
  return {
    Type: spec.type,
    ...(spec.source && { Source: spec.source }),
    Target: spec.target,
    ...(spec.readonly && { ReadOnly: true }),
    ...(spec.consistency && { Consistency: spec.consistency }),
    ...(bind && {
      BindOptions: {
        Propagation: bind.propagation,
        NonRecursive: bind.nonRecursive,
        CreateMountpoint: bind.createMountpoint,
        ReadOnlyNonRecursive: bind.readOnlyNonRecursive,
        ReadOnlyForceRecursive: bind.readOnlyForceRecursive,
      },
    }),
    ...(volume && {
      VolumeOptions: {
        NoCopy: volume.noCopy,
        Labels: volume.labels,
        Subpath: volume.subpath,
        ...(volume.driver && { DriverConfig: { Name: volume.driver, Options: volume.driverOptions } }),
      },
    }),
    ...(image && { ImageOptions: { Subpath: image.subpath } }),
    ...(tmpfs && { TmpfsOptions: { SizeBytes: tmpfs.size, Mode: tmpfs.mode, Options: tmpfs.options } }),
  };
}
