import { readdirSync } from 'node:fs';
import type { EngineOptions } from '#engine';
import { LOG_DRIVERS } from '#engine/logs';
import type { SystemInfo } from '#engine/system';
import { now } from '#lib/time';
import {
  MAX_API_VERSION,
  MIN_API_VERSION,
  type RuntimeInfo,
  type SystemVersion,
  type SystemInfo as WireInfo,
} from '#protocol';
import type { ApiOptions } from '../server.ts';
import { isRunning } from './container-state.ts';

/** Go's names of architectures, by the kernel's. */
const GO_ARCHITECTURE: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armv7l: 'arm',
  i686: '386',
};

export function systemVersion(
  host: SystemInfo,
  { version, gitCommit = '', experimental = false, minApiVersion = MIN_API_VERSION }: ApiOptions,
): SystemVersion {
  const engine = {
    ApiVersion: MAX_API_VERSION,
    MinAPIVersion: minApiVersion,
    GitCommit: gitCommit,
    GoVersion: `node ${process.version}`,
    Os: 'linux',
    Arch: GO_ARCHITECTURE[host.architecture] ?? host.architecture,
    KernelVersion: host.kernel,
    BuildTime: '',
  };
  const { ApiVersion, MinAPIVersion, GitCommit, GoVersion, Os, Arch, KernelVersion, BuildTime } = engine;
  return {
    Platform: { Name: 'Berth' },
    Components: [
      {
        Name: 'Engine',
        Version: version,
        Details: {
          ApiVersion,
          Arch,
          BuildTime,
          Experimental: String(experimental),
          GitCommit,
          GoVersion,
          KernelVersion,
          MinAPIVersion,
          Os,
        },
      },
      ...Object.entries(host.runtimeVersions).map(([Name, text]) => ({
        Name,
        Version: /\d+(\.\d+)+\S*/.exec(text)?.[0] ?? text,
        Details: {},
      })),
    ],
    Version: version,
    ...engine,
    ...(experimental && { Experimental: true }),
  };
}

export function systemInfo(
  host: SystemInfo,
  { engine, version, debug = () => false, experimental = false }: ApiOptions,
): WireInfo {
  const { options } = engine;
  const states = engine.containers.list().map(({ state }) => state);
  const paused = states.filter(({ status }) => status === 'paused').length;
  const running = states.filter((state) => isRunning(state)).length - paused;
  return {
    ID: host.id,
    Containers: states.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: states.length - running - paused,
    Images: engine.images.list().length,
    Driver: engine.snapshots.driver,
    DriverStatus: engine.snapshots.driverStatus,
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: LOG_DRIVERS,
    },
    MemoryLimit: host.memoryLimit,
    SwapLimit: host.swapLimit,
    CpuCfsPeriod: host.cpuCfs,
    CpuCfsQuota: host.cpuCfs,
    CPUShares: host.cpuShares,
    CPUSet: host.cpuSet,
    PidsLimit: host.pidsLimit,
    IPv4Forwarding: host.ipv4Forwarding,
    Debug: debug(),
    NFd: debug() ? readdirSync('/proc/self/fd').length : 0,
    OomKillDisable: host.oomKillDisable,
    NGoroutines: 0,
    SystemTime: now(),
    LoggingDriver: options.logConfig?.driver || 'json-file',
    CgroupDriver: host.cgroupDriver,
    CgroupVersion: host.cgroupVersion,
    NEventsListener: engine.events.listeners,
    KernelVersion: host.kernel,
    OperatingSystem: host.operatingSystem,
    OSVersion: host.osVersion,
    OSType: 'linux',
    Architecture: host.architecture,
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      IndexConfigs: indexConfigs(options),
      InsecureRegistryCIDRs: insecureNetworks(options),
      Mirrors: options.registryMirrors && options.registryMirrors.length > 0 ? options.registryMirrors : null,
    },
    NCPU: host.cpus,
    MemTotal: host.memory,
    GenericResources: null,
    DockerRootDir: options.dataRoot,
    HttpProxy: withoutCredentials(options.proxies?.http),
    HttpsProxy: withoutCredentials(options.proxies?.https),
    NoProxy: options.proxies?.none ?? '',
    Name: host.name,
    Labels: options.labels ?? [],
    ExperimentalBuild: experimental,
    ServerVersion: version,
    Runtimes: runtimes(host, options),
    DefaultRuntime: options.defaultRuntime ?? Object.keys(host.runtimeVersions)[0] ?? '',
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: options.liveRestore ?? true,
    Isolation: '',
    InitBinary: host.initBinary,
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: Object.values(host.runtimeVersions)[0] ?? '' },
    InitCommit: { ID: '' },
    SecurityOptions: host.securityOptions,
    FirewallBackend: { Driver: 'nftables' },
    CDISpecDirs: [],
    Warnings: host.warnings.length > 0 ? host.warnings : null,
  };
}

function indexConfigs({ registryMirrors = [], insecureRegistries = [] }: EngineOptions) {
  const insecure = insecureRegistries
    .filter((name) => !name.includes('/'))
    .map((Name) => [Name, { Name, Mirrors: [], Secure: false, Official: false }] as const);
  const hub = { Name: 'docker.io', Mirrors: registryMirrors, Secure: true, Official: true };
  return Object.fromEntries([['docker.io', hub] as const, ...insecure]);
}

/** Hosts on the loopback need no certificate. */
const insecureNetworks = ({ insecureRegistries = [] }: EngineOptions): string[] => [
  ...new Set(['::1/128', '127.0.0.0/8', ...insecureRegistries.filter((name) => name.includes('/'))]),
];

const withoutCredentials = (url = ''): string => url.replace(/\/\/[^/@]+@/, '//xxxxx:xxxxx@');

function runtimes(host: SystemInfo, options: EngineOptions): Record<string, RuntimeInfo> {
  const configured = (options.runtimes ?? []).map(
    ({ name, path, args }) =>
      [name, { path, ...(args.length > 0 && { runtimeArgs: args }) }] satisfies [string, RuntimeInfo],
  );
  const known = Object.keys(host.runtimeVersions).map(
    (name) => [name, { path: name }] satisfies [string, RuntimeInfo],
  );
  return Object.fromEntries([...known, ...configured]);
}
