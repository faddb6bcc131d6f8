/** Limits of the container's cgroup (runtime-spec, config-linux.md, "Control groups"). */
export interface Resources {
  readonly devices?: readonly DeviceRule[] | undefined;
  readonly memory?: MemoryLimits | undefined;
  readonly cpu?: CpuLimits | undefined;
  readonly pids?: { readonly limit: number } | undefined;
  readonly blockIO?: BlockIoLimits | undefined;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[] | undefined;
  readonly network?:
    | {
        readonly classID?: number | undefined;
        readonly priorities?: readonly { readonly name: string; readonly priority: number }[] | undefined;
      }
    | undefined;
  readonly rdma?:
    | Readonly<
        Record<string, { readonly hcaHandles?: number | undefined; readonly hcaObjects?: number | undefined }>
      >
    | undefined;
  /** Files of cgroup v2 by name, written as they are. */
  readonly unified?: Readonly<Record<string, string>> | undefined;
}

/** A line of the device allow list; absent numbers mean all. */
export interface DeviceRule {
  readonly allow: boolean;
  readonly type?: 'a' | 'c' | 'b' | undefined;
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
  /** Some of `rwm`. */
  readonly access?: string | undefined;
}

/** Bytes; -1 is unlimited. */
export interface MemoryLimits {
  readonly limit?: number | undefined;
  readonly reservation?: number | undefined;
  /** Memory and swap together. */
  readonly swap?: number | undefined;
  readonly kernelTCP?: number | undefined;
  /** 0 to 100. */
  readonly swappiness?: number | undefined;
  readonly disableOOMKiller?: boolean | undefined;
  readonly useHierarchy?: boolean | undefined;
  readonly checkBeforeUpdate?: boolean | undefined;
}

/** Times in microseconds. */
export interface CpuLimits {
  readonly shares?: number | undefined;
  readonly quota?: number | undefined;
  readonly burst?: number | undefined;
  readonly period?: number | undefined;
  readonly realtimeRuntime?: number | undefined;
  readonly realtimePeriod?: number | undefined;
  readonly cpus?: string | undefined;
  readonly mems?: string | undefined;
  readonly idle?: number | undefined;
}

export interface BlockIoLimits {
  /** 10 to 1000. */
  readonly weight?: number | undefined;
  readonly leafWeight?: number | undefined;
  readonly weightDevice?:
    | readonly { readonly major: number; readonly minor: number; readonly weight?: number | undefined }[]
    | undefined;
  readonly throttleReadBpsDevice?: readonly Throttle[] | undefined;
  readonly throttleWriteBpsDevice?: readonly Throttle[] | undefined;
  readonly throttleReadIOPSDevice?: readonly Throttle[] | undefined;
  readonly throttleWriteIOPSDevice?: readonly Throttle[] | undefined;
}

export interface Throttle {
  readonly major: number;
  readonly minor: number;
  /** Bytes or operations a second. */
  readonly rate: number;
}
