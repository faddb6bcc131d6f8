export interface CpuStats {
  readonly cpu_usage: {
    /** Nanoseconds. */
    readonly total_usage: number;
    /** cgroup v1 only. */
    readonly percpu_usage?: readonly number[];
    readonly usage_in_kernelmode: number;
    readonly usage_in_usermode: number;
  };
  /** Nanoseconds of the whole host. */
  readonly system_cpu_usage?: number;
  readonly online_cpus?: number;
  readonly throttling_data: {
    readonly periods: number;
    readonly throttled_periods: number;
    readonly throttled_time: number;
  };
}

export interface MemoryStats {
  readonly usage?: number;
  readonly max_usage?: number;
  readonly stats?: Readonly<Record<string, number>>;
  readonly failcnt?: number;
  readonly limit?: number;
}

export interface BlkioStatEntry {
  readonly major: number;
  readonly minor: number;
  readonly op: string;
  readonly value: number;
}

export interface BlkioStats {
  readonly io_service_bytes_recursive: readonly BlkioStatEntry[] | null;
  readonly io_serviced_recursive: readonly BlkioStatEntry[] | null;
  readonly io_queue_recursive: readonly BlkioStatEntry[] | null;
  readonly io_service_time_recursive: readonly BlkioStatEntry[] | null;
  readonly io_wait_time_recursive: readonly BlkioStatEntry[] | null;
  readonly io_merged_recursive: readonly BlkioStatEntry[] | null;
  readonly io_time_recursive: readonly BlkioStatEntry[] | null;
  readonly sectors_recursive: readonly BlkioStatEntry[] | null;
}

export interface NetworkStats {
  readonly rx_bytes: number;
  readonly rx_packets: number;
  readonly rx_errors: number;
  readonly rx_dropped: number;
  readonly tx_bytes: number;
  readonly tx_packets: number;
  readonly tx_errors: number;
  readonly tx_dropped: number;
}

/** GET /containers/{id}/stats */
export interface ContainerStats {
  readonly name: string;
  readonly id: string;
  /** Since 1.52. */
  readonly os_type?: 'linux';
  /** The sample before this one; NEVER when there is none. */
  readonly preread: string;
  readonly read: string;
  readonly num_procs: number;
  readonly pids_stats: { readonly current?: number; readonly limit?: number };
  readonly cpu_stats: CpuStats;
  readonly precpu_stats: CpuStats;
  readonly memory_stats: MemoryStats;
  readonly blkio_stats: BlkioStats;
  readonly storage_stats: Readonly<Record<string, number>>;
  readonly networks?: Readonly<Record<string, NetworkStats>>;
}
