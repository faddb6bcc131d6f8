import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { unsupported } from '#lib/errors';
import type { Cgroup } from './cgroup.ts';
import type { CgroupStats } from './stats.ts';

/** What a container's cgroup is asked for. */
export type ContainerCgroup = Pick<
  Cgroup,
  'exists' | 'stats' | 'processes' | 'freeze' | 'thaw' | 'oomKills' | 'remove'
>;

/** USER_HZ: what the kernel counts processor time in towards us, on every architecture that Node runs on. */
const NANOSECONDS_A_TICK = 10_000_000n;
/** How long a killed process may take to go. */
const PATIENCE_MS = 5000;

/**
 * Stands in for a cgroup where there is none to be had (rootless on a host that delegates none): the processes of a
 * container are those of its mount namespace. Nothing is limited, and nothing can be frozen.
 */
export class ProcessGroup implements ContainerCgroup {
  readonly #mountNamespace: string | undefined;

  /** As /proc/PID/ns/mnt names it: `mnt:[4026532000]`; undefined: nothing is left of it. */
  constructor(mountNamespace: string | undefined) {
    this.#mountNamespace = mountNamespace;
  }

  exists(): boolean {
    return this.#members().length > 0;
  }

  async processes(): Promise<number[]> {
    return this.#members();
  }

  /** From /proc: processors and memory of those that live, with the processor time of the children they waited for. */
  async stats(): Promise<CgroupStats> {
    const usages = this.#members().flatMap((pid) => usageOf(pid) ?? []);
    const sum = (pick: (usage: Usage) => bigint) => usages.reduce((total, usage) => total + pick(usage), 0n);
    const [user, system] = [sum((usage) => usage.user), sum((usage) => usage.system)];
    const memory = Number(sum((usage) => usage.memory));
    return {
      cpu: { usage: user + system, user, system, periods: 0, throttledPeriods: 0, throttledTime: 0n },
      memory: { usage: memory, limit: Number.MAX_SAFE_INTEGER, stats: {} },
      pids: { current: usages.reduce((total, { threads }) => total + threads, 0) },
      blkio: { ioServiceBytes: [], ioServiced: [] },
    };
  }

  async freeze(): Promise<void> {
    throw unsupported('a container can be paused only where it has a cgroup, which this engine may not make');
  }

  async thaw(): Promise<void> {}

  oomKills(): number {
    return 0;
  }

  async remove(options: { kill?: boolean } = {}): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (let left = this.#members(); options.kill && left.length > 0; left = this.#members()) {
      if (performance.now() > deadline) return;
      for (const pid of left) kill(pid);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #members(): number[] {
    if (this.#mountNamespace === undefined) return [];
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && mountNamespaceOf(Number(name)) === this.#mountNamespace)
      .map(Number)
      .sort((a, b) => a - b);
  }
}

/** Undefined when the process is gone, a zombie, or not ours to look at. */
export function mountNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone between the list and now.
  }
}

interface Usage {
  /** Nanoseconds. */
  readonly user: bigint;
  readonly system: bigint;
  /** Bytes. */
  readonly memory: bigint;
  readonly threads: number;
}

/** proc_pid_stat(5): fields 14 to 17 are processor times, 20 the threads; proc_pid_status(5) has the memory in kB. */
function usageOf(pid: number): Usage | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const at = (field: number) => BigInt(fields[field - 3] ?? 0);
    const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return {
      user: (at(14) + at(16)) * NANOSECONDS_A_TICK,
      system: (at(15) + at(17)) * NANOSECONDS_A_TICK,
      memory: BigInt(resident ?? 0) * 1024n,
      threads: Number(at(20)),
    };
  } catch {
    return undefined;
  }
}
