import type { Networks } from '#engine/networks';
import { codeOf } from '#lib/errors';
import { now } from '#lib/time';
import type { CgroupStats } from '#linux/cgroups';
import { hostInfo, systemCpu } from '#linux/proc';
import type { Context } from './context.ts';
import { hasProcess } from './state.ts';

type NetworkCounters = Awaited<ReturnType<Networks['statistics']>>;

export interface ContainerStats {
  readonly id: string;
  readonly name: string;
  /** When it was measured, RFC 3339 with nanoseconds. */
  readonly read: string;
  /** undefined: it does not run. */
  readonly cgroup: CgroupStats | undefined;
  /** Of the whole host, nanoseconds. */
  readonly systemCpu: { readonly total: bigint; readonly online: number };
  /** Bytes: the container's limit, or the host's memory when it has none. */
  readonly memoryLimit: number;
  /** By interface. */
  readonly networks: NetworkCounters;
}

/** One measurement; rates are differences of two. @throws notFound */
export async function stats(context: Context, reference: string): Promise<ContainerStats> {
  const record = context.store.get(reference);
  const running = hasProcess(record.state);
  const { runtimes, networks } = context.options;
  const [cgroup, counters] = running
    ? await Promise.all([gone(runtimes.stats(record.id)), gone(networks.statistics(record.id))])
    : [];
  const host = hostInfo().memory;
  return {
    id: record.id,
    name: record.name,
    read: now(),
    cgroup,
    systemCpu: systemCpu(),
    memoryLimit: cgroup ? Math.min(cgroup.memory.limit, host) : 0,
    networks: counters ?? {},
  };
}

/** The container may end between two reads: then there is nothing to measure. */
async function gone<T>(measured: Promise<T>): Promise<T | undefined> {
  try {
    return await measured;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ESRCH') return undefined;
    throw error;
  }
}
