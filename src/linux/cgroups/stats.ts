/** The same shape on v1 and v2. Times in nanoseconds, memory in bytes. */
export interface CgroupStats {
  readonly cpu: {
    readonly usage: bigint;
    readonly user: bigint;
    readonly system: bigint;
    /** v1 only. */
    readonly perCpu?: readonly bigint[];
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledTime: bigint;
  };
  readonly memory: {
    readonly usage: number;
    readonly maxUsage?: number;
    /** The host's memory when there is none. */
    readonly limit: number;
    readonly failcnt?: number;
    /** memory.stat, by the kernel's names, which differ between v1 and v2. */
    readonly stats: Readonly<Record<string, number>>;
  };
  readonly pids: { readonly current: number; readonly limit?: number };
  readonly blkio: {
    readonly ioServiceBytes: readonly BlkioEntry[];
    readonly ioServiced: readonly BlkioEntry[];
  };
}

export interface BlkioEntry {
  readonly major: number;
  readonly minor: number;
  /** `read`, `write`, `discard`; v1 also has `sync`, `async` and `total`. */
  readonly op: string;
  readonly value: number;
}

/** Leaves absent values out, as optional fields want it. */
export const optional = <K extends string>(key: K, value: bigint | undefined): Partial<Record<K, number>> => {
  const result: Partial<Record<K, number>> = {};
  if (value !== undefined) result[key] = Number(value);
  return result;
};
