import type { Events } from '#engine/events';
import type { Images } from '#engine/images';
import type { LogConfig, LogForwarding, LogRotation } from '#engine/logs';
import type { EngineMetrics } from '#engine/metrics';
import type { Networks } from '#engine/networks';
import type { Runtimes } from '#engine/runtime';
import type { AppArmor, Seccomp } from '#engine/security';
import type { Snapshots } from '#engine/snapshots';
import type { HostSupport } from '#engine/system';
import type { UserNamespaces } from '#engine/userns';
import type { Volumes } from '#engine/volumes';
import { unavailable } from '#lib/errors';
import { KeyedLock } from '#lib/lock';
import type { Logger } from '#lib/log';
import type { MountMappings } from '#linux/namespaces';
import type { Database } from '#store';
import type { AttachClient } from './attach-client.ts';
import { Background } from './background.ts';
import { ExecTable } from './exec-table.ts';
import { KnownNames } from './known-names.ts';
import type { ContainerRecord, Ulimit } from './record.ts';
import { Restarts } from './restart-policy.ts';
import type { Run } from './run.ts';
import { ContainerStore } from './store.ts';
import { Waiters } from './wait.ts';

export interface ContainersOptions {
  readonly database: Database;
  readonly events: Events;
  readonly images: Images;
  readonly snapshots: Snapshots;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly runtimes: Runtimes;
  readonly seccomp: Seccomp;
  readonly userns: UserNamespaces;
  readonly mappings: MountMappings;
  readonly apparmor: AppArmor;
  readonly rotation: LogRotation;
  readonly forwarding: LogForwarding;
  readonly support: HostSupport;
  readonly metrics: EngineMetrics;
  readonly log: Logger;
  /** `<data-root>/containers`: logs, hosts, resolv.conf per container. */
  readonly root: string;
  /** Below the cgroup root, `/berth`; a slice's name with the systemd driver. */
  readonly cgroupParent: string;
  readonly systemdCgroup: boolean;
  readonly initPath: string | undefined;
  readonly defaultUlimits: readonly Ulimit[];
  /** Bytes. */
  readonly defaultShmSize: number;
  readonly defaultInit: boolean;
  readonly defaultIpcMode: 'private' | 'shareable';
  readonly defaultCgroupnsMode: 'private' | 'host';
  readonly defaultNoNewPrivileges: boolean;
  readonly logConfig: LogConfig;
  readonly live: LiveSettings;
}

/** What may change while the engine runs. */
export interface LiveSettings {
  readonly defaultRuntime: string;
  /** Seconds; -1: for ever. */
  readonly shutdownTimeout: number;
}

/** What every verb on containers works with. One per `Containers`. */
export interface Context {
  readonly options: ContainersOptions;
  /** In force now. */
  live: LiveSettings;
  readonly store: ContainerStore;
  /** By container id: what changes one container does so alone. */
  readonly locks: KeyedLock;
  readonly waiters: Waiters;
  /** Containers with a process, and those whose last process is still being cleaned up after. */
  readonly runs: Map<string, Run>;
  /** Clients that attached before the start: they get the first byte. */
  readonly earlyClients: Map<string, Set<AttachClient>>;
  readonly execs: ExecTable;
  readonly restarts: Restarts;
  readonly background: Background;
  /** Aborts when the engine closes: nothing is started any more. */
  readonly closing: AbortController;
  /** Aborts when it has let go of its containers. */
  readonly closed: AbortController;
}

export function openContext(options: ContainersOptions): Context {
  return {
    options,
    live: options.live,
    store: new ContainerStore(options.database, options.events, new KnownNames(options.networks)),
    locks: new KeyedLock(),
    waiters: new Waiters(),
    runs: new Map(),
    earlyClients: new Map(),
    execs: new ExecTable(),
    restarts: new Restarts(),
    background: new Background(options.log),
    closing: new AbortController(),
    closed: new AbortController(),
  };
}

/**
 * Takes a container's lock and reads its record again: while waiting it may have changed or gone.
 * @throws notFound, unavailable when the engine closes
 */
export async function lockContainer(
  context: Context,
  reference: string,
): Promise<{ readonly record: ContainerRecord } & Disposable> {
  const { id } = context.store.get(reference);
  const lock = await context.locks.acquire(id);
  try {
    if (context.closing.signal.aborted) throw unavailable('the engine is shutting down');
    return { record: context.store.get(id), [Symbol.dispose]: () => lock[Symbol.dispose]() };
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}
