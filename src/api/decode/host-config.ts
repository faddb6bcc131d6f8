import type { HostConfig } from '#engine/containers';
import { invalid, unsupported } from '#lib/errors';
import type { HostConfig as WireHostConfig } from '#protocol';
import { mount } from './mounts.ts';
import { portBindings } from './ports.ts';
import { resources, restartPolicy, ulimits } from './resources.ts';

/** @throws invalid, unsupported */
export function hostConfig(wire: WireHostConfig): HostConfig {
  refuseForeign(wire);
  const [rows = 0, columns = 0] = wire.ConsoleSize ?? [];
  return {
    resources: resources(wire),
    binds: wire.Binds ?? [],
    mounts: (wire.Mounts ?? []).map(mount),
    tmpfs: wire.Tmpfs ?? {},
    volumesFrom: wire.VolumesFrom ?? [],
    ...(wire.VolumeDriver && { volumeDriver: wire.VolumeDriver }),
    portBindings: portBindings(wire.PortBindings ?? {}),
    publishAllPorts: wire.PublishAllPorts ?? false,
    networkMode: networkName(wire.NetworkMode ?? ''),
    restartPolicy: restartPolicy(wire.RestartPolicy),
    autoRemove: wire.AutoRemove ?? false,
    logConfig: { driver: wire.LogConfig?.Type ?? '', options: wire.LogConfig?.Config ?? {} },
    capAdd: wire.CapAdd ?? [],
    capDrop: wire.CapDrop ?? [],
    privileged: wire.Privileged ?? false,
    securityOpt: wire.SecurityOpt ?? [],
    readonlyRootfs: wire.ReadonlyRootfs ?? false,
    devices: (wire.Devices ?? []).map((device) => ({
      pathOnHost: device.PathOnHost ?? '',
      pathInContainer: device.PathInContainer || device.PathOnHost || '',
      cgroupPermissions: device.CgroupPermissions || 'rwm',
    })),
    deviceCgroupRules: wire.DeviceCgroupRules ?? [],
    groupAdd: wire.GroupAdd ?? [],
    ulimits: ulimits(wire.Ulimits),
    sysctls: wire.Sysctls ?? {},
    shmSize: wire.ShmSize ?? 0,
    init: wire.Init,
    pidMode: wire.PidMode ?? '',
    ipcMode: wire.IpcMode ?? '',
    utsMode: wire.UTSMode ?? '',
    usernsMode: wire.UsernsMode ?? '',
    cgroupnsMode: wire.CgroupnsMode ?? '',
    cgroupParent: wire.CgroupParent ?? '',
    runtime: wire.Runtime || undefined,
    oomScoreAdj: wire.OomScoreAdj ?? 0,
    dns: wire.Dns ?? [],
    dnsSearch: wire.DnsSearch ?? [],
    dnsOptions: wire.DnsOptions ?? [],
    extraHosts: wire.ExtraHosts ?? [],
    links: wire.Links ?? [],
    maskedPaths: wire.MaskedPaths,
    readonlyPaths: wire.ReadonlyPaths,
    storageOptions: wire.StorageOpt ?? {},
    annotations: wire.Annotations ?? {},
    umask: wire.Umask,
    containerIdFile: wire.ContainerIDFile ?? '',
    consoleSize: [rows, columns],
  };
}

/** The default network has several names on the wire and one here. */
export const networkName = (name: string): string => (name === '' || name === 'default' ? 'bridge' : name);

function refuseForeign(wire: WireHostConfig): void {
  if (wire.Isolation && wire.Isolation !== 'default') {
    throw invalid(`invalid isolation '${wire.Isolation}': only 'default' is supported on Linux`);
  }
  if (wire.VolumeDriver && wire.VolumeDriver !== 'local') {
    throw unsupported(`volume driver "${wire.VolumeDriver}" is not supported: only "local" is`);
  }
  if (wire.ShmSize !== undefined && wire.ShmSize < 0) throw invalid('SHM size can not be less than 0');
  for (const request of wire.DeviceRequests ?? []) {
    const capabilities = (request.Capabilities ?? []).map((set) => `[${set.join(' ')}]`).join(' ');
    throw unsupported(
      `could not select device driver "${request.Driver ?? ''}" with capabilities: [${capabilities}]`,
    );
  }
}
