import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { type CgroupLayout, cgroupLayout, controllers, isUnified } from '#linux/cgroups';

/** Which limits this kernel can enforce. A limit that it cannot is left out with a warning, as Docker does. */
export interface HostSupport {
  readonly memoryLimit: boolean;
  readonly swapLimit: boolean;
  readonly memoryReservation: boolean;
  readonly memorySwappiness: boolean;
  readonly kernelMemoryTcp: boolean;
  readonly oomKillDisable: boolean;
  readonly cpuShares: boolean;
  readonly cpuCfs: boolean;
  readonly cpuRealtime: boolean;
  readonly cpuSet: boolean;
  readonly pidsLimit: boolean;
  readonly blkioWeight: boolean;
  readonly blkioWeightDevice: boolean;
  readonly blkioThrottle: boolean;
  /** Lists such as `0-3,8`. */
  readonly onlineCpus: string;
  readonly memoryNodes: string;
}

const CGROUP_ROOT = '/sys/fs/cgroup';

/** `cgroups`: whether the engine may make any. */
export function hostSupport(cgroups: boolean): HostSupport {
  if (!cgroups) return { ...NO_LIMITS, ...processorsAndMemory() };
  const layout = cgroupLayout();
  const available = controllers();
  return {
    ...(layout === 'v2' ? unifiedSupport(available) : legacySupport(available)),
    cpuSet: available.has('cpuset'),
    pidsLimit: available.has('pids'),
    ...processorsAndMemory(),
  };
}

const NO_LIMITS = {
  memoryLimit: false,
  swapLimit: false,
  memoryReservation: false,
  memorySwappiness: false,
  kernelMemoryTcp: false,
  oomKillDisable: false,
  cpuShares: false,
  cpuCfs: false,
  cpuRealtime: false,
  cpuSet: false,
  pidsLimit: false,
  blkioWeight: false,
  blkioWeightDevice: false,
  blkioThrottle: false,
} as const;

const processorsAndMemory = () => ({
  onlineCpus: readList('/sys/devices/system/cpu/online'),
  memoryNodes: readList('/sys/devices/system/node/online'),
});

type ByController = Omit<HostSupport, 'cpuSet' | 'pidsLimit' | 'onlineCpus' | 'memoryNodes'>;

function unifiedSupport(available: ReadonlySet<string>): ByController {
  return {
    memoryLimit: available.has('memory'),
    // The root group has no such file; a kernel without swap accounting has no /proc/swaps to account for.
    swapLimit: available.has('memory') && existsSync('/proc/swaps'),
    memoryReservation: available.has('memory'),
    memorySwappiness: false,
    kernelMemoryTcp: false,
    oomKillDisable: false,
    cpuShares: available.has('cpu'),
    cpuCfs: available.has('cpu'),
    cpuRealtime: false,
    blkioWeight: available.has('io'),
    // Runtimes know BFQ's file only, which is in every group but the root's when the kernel has BFQ.
    blkioWeightDevice: available.has('io') && existsInSomeGroup('io.bfq.weight'),
    blkioThrottle: available.has('io'),
  };
}

const existsInSomeGroup = (file: string): boolean =>
  readdirSync(CGROUP_ROOT).some((name) => existsSync(`${CGROUP_ROOT}/${name}/${file}`));

function legacySupport(available: ReadonlySet<string>): ByController {
  const has = (controller: string, file: string) =>
    available.has(controller) && existsSync(`${CGROUP_ROOT}/${controller}/${file}`);
  return {
    memoryLimit: has('memory', 'memory.limit_in_bytes'),
    swapLimit: has('memory', 'memory.memsw.limit_in_bytes'),
    memoryReservation: has('memory', 'memory.soft_limit_in_bytes'),
    memorySwappiness: has('memory', 'memory.swappiness'),
    kernelMemoryTcp: has('memory', 'memory.kmem.tcp.limit_in_bytes'),
    oomKillDisable: has('memory', 'memory.oom_control'),
    cpuShares: has('cpu', 'cpu.shares'),
    cpuCfs: has('cpu', 'cpu.cfs_quota_us'),
    cpuRealtime: has('cpu', 'cpu.rt_runtime_us'),
    // CFQ's. BFQ has a weight too, in a file of another name that runtimes do not know.
    blkioWeight: has('blkio', 'blkio.weight'),
    blkioWeightDevice: has('blkio', 'blkio.weight_device'),
    blkioThrottle: has('blkio', 'blkio.throttle.read_bps_device'),
  };
}

function readList(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // No NUMA in this kernel: there is one node.
    return '0';
  }
}

/** The host has the unified hierarchy (v2) and no other. */
export const isCgroupUnified = (): boolean => isUnified();

export const cgroupVersion = (layout: CgroupLayout): '1' | '2' => (layout === 'v2' ? '2' : '1');
