import type { Builder } from '#engine/build';
import type { Containers } from '#engine/containers';
import type { Events } from '#engine/events';
import type { Images } from '#engine/images';
import type { EngineMetrics } from '#engine/metrics';
import type { Networks } from '#engine/networks';
import type { Snapshots } from '#engine/snapshots';
import { type SystemInfo, systemInfo } from '#engine/system';
import type { UserNamespaces } from '#engine/userns';
import type { Volumes } from '#engine/volumes';
import { Scope } from '#lib/scope';
import { type DiskUsage, type DiskUsageQuery, diskUsage } from './disk-usage.ts';
import { type Domains, openDomains } from './domains.ts';
import {
  type EngineOptions,
  initPathOf,
  LIVE_OPTIONS,
  type LiveOptions,
  runtimesOf,
} from './engine-options.ts';
import { keepInMemory, letMemoryGo } from './exec-root.ts';
import { engineId, instanceName } from './instance.ts';
import { observe } from './observe.ts';
import { reloadAttributes } from './reload-event.ts';
import { lockRoot } from './root-lock.ts';

const isLive = (name: string): boolean => LIVE_OPTIONS.some((live) => live === name);

/**
 * A container engine in this process, on roots of its own:
 *
 * ```ts
 * await using engine = await Engine.open({ dataRoot, execRoot });
 * ```
 */
export class Engine implements AsyncDisposable {
  #options: EngineOptions;
  /** `berth`, or `berth-<hash of the data root>` for other roots: names bridge, table, cgroup. */
  readonly instance: string;
  readonly id: string;
  readonly containers: Containers;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly events: Events;
  readonly snapshots: Snapshots;
  readonly builder: Builder;
  /** Under dockerd's names. */
  readonly metrics: EngineMetrics;
  readonly #userns: UserNamespaces;
  readonly #configure: Domains['configure'];
  /** What `close` lets go of, in reverse order. */
  readonly #resources: Scope;
  #closed: Promise<void> | undefined;

  private constructor(options: EngineOptions, instance: string, domains: Domains, resources: Scope) {
    this.#options = options;
    this.#configure = domains.configure;
    this.instance = instance;
    this.id = engineId(options.dataRoot);
    this.containers = domains.containers;
    this.images = domains.images;
    this.volumes = domains.volumes;
    this.networks = domains.networks;
    this.events = domains.events;
    this.snapshots = domains.snapshots;
    this.builder = domains.builder;
    this.metrics = domains.metrics;
    observe(this.metrics, { containers: this.containers, events: this.events, info: () => this.info() });
    this.#userns = domains.userns;
    this.#resources = resources;
  }

  /**
   * Locks the roots, opens every domain, recovers what ran. Until `close` the process stays alive.
   * @throws conflict when another engine has these roots
   */
  static async open(options: EngineOptions): Promise<Engine> {
    const { dataRoot, execRoot } = options;
    const resources = new Scope();
    try {
      if (keepInMemory(execRoot)) resources.defer(() => letMemoryGo(execRoot));
      for (const root of [dataRoot, execRoot]) {
        const lock = await lockRoot(root);
        resources.defer(() => lock[Symbol.dispose]());
      }
      // Whoever mounted it: only now is it ours.
      resources.defer(() => letMemoryGo(execRoot));
      // Who waits for a container waits for a file that appears, which alone does not keep a process from ending.
      const alive = setInterval(() => {}, 2 ** 30);
      resources.defer(() => clearInterval(alive));
      const instance = instanceName(options.dataRoot);
      const domains = await openDomains(options, instance, resources);
      await domains.containers.recover();
      return new Engine(options, instance, domains, resources);
    } catch (error) {
      await resources[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** In force now. */
  get options(): EngineOptions {
    return this.#options;
  }

  /**
   * Puts new values in force; what is left out has its default again. Announced as Docker's `daemon reload`, with
   * `debug` as one of its attributes.
   * @throws invalid, and changes nothing
   */
  configure(live: LiveOptions, { debug = false } = {}): void {
    const kept = Object.entries(this.#options).filter(([name]) => !isLive(name));
    const options = { ...(Object.fromEntries(kept) as unknown as EngineOptions), ...live };
    this.#configure(options);
    this.#options = options;
    this.events.publish('daemon', 'reload', this.id, reloadAttributes(options, { debug }));
  }

  info(): Promise<SystemInfo> {
    return systemInfo({
      id: this.id,
      runtimes: runtimesOf(this.options),
      seccompProfile: this.options.seccompProfile ?? 'builtin',
      cgroupDriver: this.options.cgroupDriver ?? 'cgroupfs',
      initPath: initPathOf(this.options),
      rootless: this.options.rootless !== undefined,
      remapsUsers: this.#userns.remap !== undefined,
    });
  }

  diskUsage(query: DiskUsageQuery = EVERYTHING): Promise<DiskUsage> {
    return diskUsage(this, query);
  }

  /** Containers run on, unless liveRestore is off. What is left without any running container is a clean host. */
  close(): Promise<void> {
    this.#closed ??= this.#resources[Symbol.asyncDispose]();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const EVERYTHING: DiskUsageQuery = { images: true, containers: true, volumes: true, buildCache: true };
