import { invalid } from '#lib/errors';
import type { ContainerCreateRequest, EndpointSettings, HostConfig } from '#protocol';
import { type CreateWithHost, movedMac, movedSysctls } from './main-endpoint.ts';
import { checkMounts, mountOf } from './mounts.ts';
import { portBindings } from './port-bindings.ts';
import type { Since } from './since.ts';

export interface CreateMeaning {
  readonly wire: ContainerCreateRequest;
  readonly warnings: readonly string[];
  /** Read-only binds leave what is mounted below them writable, as all did before 1.44. */
  readonly readOnlyNonRecursive: boolean;
}

export interface VersionContext {
  readonly since: Since;
  /** The host has the unified hierarchy (v2). */
  readonly cgroupUnified: boolean;
}

/**
 * What a create request means by the version that its client speaks: fields that came later are ignored or
 * refused, defaults are those of the time.
 * @throws invalid
 */
export function meaningOf(wire: ContainerCreateRequest, context: VersionContext): CreateMeaning {
  const { since } = context;
  const warnings: string[] = [];
  checkMounts(wire.HostConfig?.Mounts ?? [], since);
  if (!since('1.44')) refuseSeveralNetworks(wire);
  let meant: CreateWithHost = { ...wire, HostConfig: hostConfig(wire.HostConfig ?? {}, context) };
  if (!since('1.44') && meant.Healthcheck)
    meant = { ...meant, Healthcheck: { ...meant.Healthcheck, StartInterval: undefined } };
  meant = withEndpoints(meant, (endpoint) => ({
    ...endpoint,
    ...(!since('1.48') && { GwPriority: undefined }),
    // Before 1.44 it belonged to the container as a whole.
    ...(!since('1.44') && { MacAddress: undefined }),
  }));
  warnings.push(...volumeDriverWarning(meant.HostConfig, since));
  meant = movedMac(meant, warnings, since);
  meant = movedSysctls(meant, warnings, since);
  meant = {
    ...meant,
    HostConfig: { ...meant.HostConfig, ...portBindings(meant.HostConfig, warnings, since) },
  };
  return { wire: meant, warnings, readOnlyNonRecursive: !since('1.44') };
}

function hostConfig(host: HostConfig, { since, cgroupUnified }: VersionContext): HostConfig {
  return {
    ...host,
    ...(!since('1.25') && { AutoRemove: undefined }),
    ...(!since('1.40') && { KernelMemoryTCP: undefined, IpcMode: host.IpcMode || 'shareable' }),
    ...(!since('1.41') && !cgroupUnified && { CgroupnsMode: host.CgroupnsMode || 'host' }),
    ...(!since('1.42') && { ConsoleSize: undefined }),
    ...(since('1.42') && { KernelMemory: undefined }),
    ...(!since('1.43') && { Annotations: undefined }),
    ...(since('1.52') && { KernelMemoryTCP: undefined }),
    ...(!since('1.56') && { Umask: undefined }),
    ...((host.PidsLimit ?? 0) <= 0 && { PidsLimit: undefined }),
    ...(host.Mounts && { Mounts: host.Mounts.map((mount) => mountOf(mount, since)) }),
  };
}

function refuseSeveralNetworks(wire: ContainerCreateRequest): void {
  const names = Object.keys(wire.NetworkingConfig?.EndpointsConfig ?? {});
  if (names.length > 1)
    throw invalid(`Container cannot be created with multiple network endpoints: ${names.join(', ')}`);
}

function withEndpoints(
  wire: CreateWithHost,
  change: (endpoint: EndpointSettings, network: string) => EndpointSettings,
): CreateWithHost {
  const endpoints = wire.NetworkingConfig?.EndpointsConfig;
  if (!endpoints) return wire;
  const changed = Object.entries(endpoints).map(
    ([name, endpoint]) => [name, change(endpoint, name)] as const,
  );
  return {
    ...wire,
    NetworkingConfig: { ...wire.NetworkingConfig, EndpointsConfig: Object.fromEntries(changed) },
  };
}

function volumeDriverWarning({ VolumeDriver, Mounts = [] }: HostConfig, since: Since): string[] {
  const ignored = Mounts.some(
    ({ Type, VolumeOptions }) => Type === 'volume' && !VolumeOptions?.DriverConfig?.Name,
  );
  if (!VolumeDriver || !since('1.48') || !ignored) return [];
  return [
    "WARNING: the container-wide volume-driver configuration is ignored for volumes specified via 'mount'. Use '--mount type=volume,volume-driver=...' instead",
  ];
}
