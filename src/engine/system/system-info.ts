import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { apparmorEnabled } from '#engine/security';
import { cgroupLayout } from '#linux/cgroups';
import { hostInfo } from '#linux/proc';
import { cgroupVersion, type HostSupport, hostSupport } from './host-support.ts';

/** Facts about the host and the engine for `info` and `version`. */
export interface SystemInfo {
  readonly id: string;
  readonly name: string;
  readonly kernel: string;
  readonly operatingSystem: string;
  readonly osVersion: string;
  readonly architecture: string;
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly cgroupVersion: '1' | '2';
  readonly cgroupDriver: 'cgroupfs' | 'systemd' | 'none';
  readonly memoryLimit: boolean;
  readonly swapLimit: boolean;
  readonly cpuCfs: boolean;
  readonly cpuShares: boolean;
  readonly cpuSet: boolean;
  readonly pidsLimit: boolean;
  readonly oomKillDisable: boolean;
  readonly ipv4Forwarding: boolean;
  /** Docker's form: `name=seccomp,profile=builtin`. */
  readonly securityOptions: readonly string[];
  /** First line of `--version` by the runtime's name; empty when it cannot be run. */
  readonly runtimeVersions: Readonly<Record<string, string>>;
  readonly initBinary: string;
  readonly warnings: readonly string[];
}
export interface SystemInfoOptions {
  readonly id: string;
  readonly runtimes: readonly { readonly name: string; readonly path: string }[];
  /** `builtin`, a path, or `unconfined`. */
  readonly seccompProfile: string;
  readonly cgroupDriver: 'cgroupfs' | 'systemd' | 'none';
  readonly initPath: string | undefined;
  /** Containers have a user namespace by default. */
  readonly remapsUsers: boolean;
  /** The engine is an ordinary user's. */
  readonly rootless: boolean;
}

export async function systemInfo(options: SystemInfoOptions): Promise<SystemInfo> {
  const host = hostInfo();
  const support = hostSupport(options.cgroupDriver !== 'none');
  const ipv4Forwarding = readSysctl('net/ipv4/ip_forward') === '1';
  return {
    id: options.id,
    name: host.hostname,
    kernel: host.kernel,
    operatingSystem: host.operatingSystem,
    osVersion: host.osVersion,
    architecture: host.architecture,
    cpus: host.cpus,
    memory: host.memory,
    cgroupVersion: cgroupVersion(cgroupLayout()),
    cgroupDriver: options.cgroupDriver,
    memoryLimit: support.memoryLimit,
    swapLimit: support.swapLimit,
    cpuCfs: support.cpuCfs,
    cpuShares: support.cpuShares,
    cpuSet: support.cpuSet,
    pidsLimit: support.pidsLimit,
    oomKillDisable: support.oomKillDisable,
    ipv4Forwarding,
    securityOptions: securityOptions(options),
    runtimeVersions: Object.fromEntries(
      await Promise.all(
        options.runtimes.map(async ({ name, path }) => [name, await versionOf(path)] as const),
      ),
    ),
    initBinary: options.initPath ?? '',
    warnings: options.cgroupDriver === 'none' ? [withoutCgroups()] : warnings(support, ipv4Forwarding),
  };
}

const securityOptions = ({ seccompProfile, remapsUsers, rootless }: SystemInfoOptions): string[] => [
  ...(apparmorEnabled() ? ['name=apparmor'] : []),
  ...(seccompProfile === 'unconfined' ? [] : [`name=seccomp,profile=${seccompProfile}`]),
  ...(rootless ? ['name=rootless'] : []),
  ...(remapsUsers ? ['name=userns'] : []),
  'name=cgroupns',
];

const withoutCgroups = (): string =>
  `WARNING: Running in rootless-mode without cgroups. ${
    cgroupLayout() === 'v2'
      ? 'Systemd is required to enable cgroups in rootless-mode.'
      : 'To enable cgroups in rootless-mode, you need to boot the system in cgroup v2 mode.'
  }`;

function warnings(support: HostSupport, ipv4Forwarding: boolean): string[] {
  const missing = (present: boolean, text: string) => (present ? [] : [`WARNING: ${text}`]);
  return [
    ...missing(support.memoryLimit, 'No memory limit support'),
    ...missing(support.swapLimit, 'No swap limit support'),
    ...missing(support.cpuCfs, 'No cpu cfs quota support'),
    ...missing(support.cpuShares, 'No cpu shares support'),
    ...missing(support.cpuSet, 'No cpuset support'),
    ...missing(support.pidsLimit, 'No pids limit support'),
    ...missing(ipv4Forwarding, 'IPv4 forwarding is disabled'),
  ];
}

function readSysctl(name: string): string {
  try {
    return readFileSync(`/proc/sys/${name}`, 'utf8').trim();
  } catch {
    // Not in this kernel: the same as switched off.
    return '';
  }
}

const run = promisify(execFile);

async function versionOf(path: string): Promise<string> {
  try {
    const { stdout } = await run(path, ['--version'], { timeout: 5000 });
    return stdout.split('\n', 1)[0] ?? '';
  } catch {
    // `info` reports on a host whose runtime is missing, too.
    return '';
  }
}
