import { join } from 'node:path';
import { BuildCache, Builder } from '#engine/build';
import { Containers } from '#engine/containers';
import { Events } from '#engine/events';
import { Images } from '#engine/images';
import { LogForwarding, LogRotation } from '#engine/logs';
import { EngineMetrics } from '#engine/metrics';
import { Networks } from '#engine/networks';
import { Runtimes } from '#engine/runtime';
import { AppArmor, Seccomp } from '#engine/security';
import { openSnapshots, type Snapshots } from '#engine/snapshots';
import { hostSupport } from '#engine/system';
import { UserNamespaces } from '#engine/userns';
import { Volumes } from '#engine/volumes';
import { silentLogger } from '#lib/log';
import type { Scope } from '#lib/scope';
import { rootOf } from '#linux/ids';
import { MountMappings } from '#linux/namespaces';
import { BlobStore, Database } from '#store';
import {
  type EngineOptions,
  initPathOf,
  liveSettingsOf,
  networkSettingsOf,
  registrySettingsOf,
  runtimesOf,
} from './engine-options.ts';
import { SharedRoot } from './shared-root.ts';

export interface Domains {
  readonly containers: Containers;
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly events: Events;
  readonly snapshots: Snapshots;
  readonly builder: Builder;
  readonly metrics: EngineMetrics;
  readonly userns: UserNamespaces;
  /** Puts those of the options in force that may change while the engine runs. @throws invalid, and changes nothing */
  configure(options: EngineOptions): void;
}

/** Opens the domains in the order in which they need each other; closing goes the other way. */
export async function openDomains(
  options: EngineOptions,
  instance: string,
  resources: Scope,
): Promise<Domains> {
  const { dataRoot, execRoot, log = silentLogger } = options;
  // Images and volumes ask who uses them; containers, which know, need both to be there first.
  const later: { containers?: Containers; images?: Images } = {};
  const isIdle = () => later.containers?.list().every(({ state }) => !state.process) ?? true;
  for (const [path, name] of [
    // First, and so unmounted last: the other's note is in it.
    [execRoot, 'exec-root'],
    [dataRoot, 'data-root'],
  ] as const) {
    const root = new SharedRoot(path, execRoot, name);
    root.share();
    resources.defer(() => (isIdle() ? root.unshare() : undefined));
  }
  const userns = await UserNamespaces.open(options.usernsRemap, log);
  const mappings = new MountMappings();
  resources.defer(() => mappings[Symbol.asyncDispose]());
  const database = Database.open(join(dataRoot, 'berth.db'));
  resources.defer(() => database[Symbol.dispose]());
  const metrics = new EngineMetrics();
  const events = new Events(database, metrics.events);
  resources.defer(() => events.close());
  const blobs = await BlobStore.open(join(dataRoot, 'content'));
  const snapshots = await openSnapshots({
    root: join(dataRoot, 'snapshots'),
    log,
    mappings,
    layerForm: options.layerForm,
    onSettled: () => void later.images?.dropTwins(),
  });
  resources.defer(() => snapshots.close());
  const buildCache = new BuildCache(database);
  if (userns.remap) await snapshots.requireIdMapping(userns.remap);
  const images = await Images.open({
    database,
    blobs,
    snapshots,
    events,
    log,
    users: (imageId) => later.containers?.usersOfImage(imageId) ?? [],
    registries: registrySettingsOf(options),
    actions: metrics.imageActions,
    retained: () => buildCache.layers(),
  });
  later.images = images;
  void images.dropTwins();
  resources.defer(() => images.close());
  const volumes = await Volumes.open({
    root: join(dataRoot, 'volumes'),
    database,
    events,
    log,
    users: (volume) => later.containers?.usersOfVolume(volume) ?? [],
  });
  resources.defer(() => volumes.close());
  const seccomp = await Seccomp.open({
    cacheRoot: join(dataRoot, 'seccomp'),
    defaultProfile: options.seccompProfile,
    log,
  });
  const apparmor = await AppArmor.open(log);
  const systemdCgroup = options.cgroupDriver === 'systemd';
  const runtimes = await Runtimes.open({
    root: execRoot,
    runtimes: runtimesOf(options),
    defaultRuntime: liveSettingsOf(options).defaultRuntime,
    systemdCgroup,
    withoutCgroups: options.cgroupDriver === 'none',
    log,
  });
  resources.defer(() => runtimes.close());
  if (userns.remap) runtimes.requireReachable(rootOf(userns.remap));
  const networks = await Networks.open({
    instance,
    netnsRoot: join(execRoot, 'netns'),
    dnsRoot: join(execRoot, 'dns'),
    outsidePorts: options.rootless?.ports,
    database,
    events,
    log,
    ...networkSettingsOf(options),
    dns: options.dns ?? [],
    dnsSearch: options.dnsSearch ?? [],
    dnsOptions: options.dnsOptions ?? [],
    poolSize: options.sandboxPool ?? 4,
  });
  resources.defer(() => networks.close({ teardown: isIdle() }));
  const rotation = new LogRotation(log);
  resources.defer(() => rotation[Symbol.dispose]());
  const forwarding = new LogForwarding(log);
  resources.defer(() => forwarding[Symbol.asyncDispose]());
  const containers = await Containers.open({
    database,
    events,
    images,
    snapshots,
    volumes,
    networks,
    runtimes,
    seccomp,
    userns,
    mappings,
    apparmor,
    rotation,
    forwarding,
    support: hostSupport(options.cgroupDriver !== 'none'),
    metrics,
    log,
    root: join(dataRoot, 'containers'),
    cgroupParent: options.cgroupParent ?? (systemdCgroup ? 'system.slice' : `/${instance}`),
    systemdCgroup,
    initPath: initPathOf(options),
    defaultUlimits: options.defaultUlimits ?? [],
    defaultShmSize: options.defaultShmSize ?? 0,
    defaultInit: options.init ?? false,
    defaultIpcMode: options.defaultIpcMode ?? 'private',
    defaultCgroupnsMode: options.defaultCgroupnsMode ?? 'private',
    defaultNoNewPrivileges: options.noNewPrivileges ?? false,
    logConfig: options.logConfig ?? { driver: 'json-file', options: {} },
    live: liveSettingsOf(options),
  });
  later.containers = containers;
  const settings = { liveRestore: options.liveRestore ?? true };
  resources.defer(() => containers.close({ stopAll: !settings.liveRestore }));
  const builder = await Builder.open({
    root: join(dataRoot, 'build'),
    execRoot,
    cache: buildCache,
    database,
    images,
    containers,
    snapshots,
    events,
    cachePolicy: options.buildCachePolicy,
    log,
  });
  resources.defer(() => builder[Symbol.asyncDispose]());
  return {
    containers,
    images,
    volumes,
    networks,
    events,
    snapshots,
    userns,
    builder,
    metrics,
    configure(changed) {
      // The one that may refuse comes first.
      const live = liveSettingsOf(changed);
      runtimes.configure(runtimesOf(changed), live.defaultRuntime);
      containers.configure(live);
      images.configure(registrySettingsOf(changed));
      settings.liveRestore = changed.liveRestore ?? true;
    },
  };
}
