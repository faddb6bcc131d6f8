import { mkdir } from 'node:fs/promises';
import { Firewall } from '#engine/firewall';
import { Ports } from '#engine/ports';
import { KeyedLock } from '#lib/lock';
import { Scope } from '#lib/scope';
import { listMounts, shareMount } from '#linux/mount';
import { NamespaceWorker } from '#linux/namespaces';
import { RouteSocket } from '#linux/netlink';
import { ensureBridge } from './bridge.ts';
import { openBridgeNetwork } from './create.ts';
import { ensureDefaultNetworks } from './default-networks.ts';
import { sweepNetns } from './netns.ts';
import type { NetworksOptions } from './network.ts';
import { SandboxPool } from './pool.ts';
import { buildSandbox } from './ready-sandbox.ts';
import type { NetworkRecord, SandboxRecord } from './record.ts';
import { adoptSandboxes } from './recover.ts';
import { applyBridges, defaultNetwork, type KnownNetwork, type NetworksState } from './state.ts';
import { enableForwarding, hasIpv6 } from './sysctl.ts';

/**
 * Brings up the networks of an instance: bridges, firewall and everything that is recorded. What an
 * earlier life left of namespaces that nobody has a record of goes away.
 */
export async function openState(
  options: NetworksOptions,
): Promise<{ state: NetworksState; resources: Scope }> {
  await using scope = new Scope();
  const resources = new Scope();
  scope.defer(() => resources[Symbol.asyncDispose]());
  await mkdir(options.netnsRoot, { recursive: true, mode: 0o711 });
  shareNetnsRoot(options.netnsRoot);
  const worker = await NamespaceWorker.open();
  resources.defer(() => worker[Symbol.asyncDispose]());
  const route = new RouteSocket();
  resources.defer(() => route[Symbol.dispose]());
  const firewall = await Firewall.open(options);
  resources.defer(() => firewall[Symbol.dispose]());

  const state = assemble(options, { worker, route, firewall });
  resources.defer(() => state.ports[Symbol.dispose]());
  enableForwarding({ ipv6: state.ipv6, log: options.log });
  loadNetworks(state);
  await adoptSandboxes(state);
  applyBridges(state);
  firewall.watch();
  const known = new Set(
    [...state.sandboxes.values()].flatMap(({ netns }) => (netns === undefined ? [] : [netns])),
  );
  await sweepNetns(worker, options.netnsRoot, known, options.log);
  state.pool.fill();
  scope.keep();
  return { state, resources };
}

/**
 * Namespace files are mounts, and the runtime may look at them from a mount namespace of its own:
 * only below a shared mount does it see those that are made later.
 */
function shareNetnsRoot(root: string): void {
  const around = listMounts()
    .filter(
      ({ mountPoint }) => root === mountPoint || root.startsWith(mountPoint === '/' ? '/' : `${mountPoint}/`),
    )
    .reduce((a, b) => (b.mountPoint.length >= a.mountPoint.length ? b : a));
  if (!around.propagation.some((tag) => tag.startsWith('shared:'))) shareMount(root);
}

function assemble(
  options: NetworksOptions,
  native: { worker: NamespaceWorker; route: RouteSocket; firewall: Firewall },
): NetworksState {
  const { worker, route, firewall } = native;
  const ipv6 = hasIpv6();
  const networks = new Map<string, KnownNetwork>();
  const pool = new SandboxPool({
    size: options.bridge === 'none' ? 0 : options.poolSize,
    build: async () => {
      const network = defaultNetwork({ networks });
      if (!network?.bridge) throw new Error('there is no default bridge network');
      return await buildSandbox({ worker, options }, { record: network.record, bridge: network.bridge });
    },
    log: options.log,
  });
  return {
    options,
    worker,
    route,
    firewall,
    ports: new Ports({ firewall, ipv6, log: options.log }),
    pool,
    ipv6,
    networks,
    networkRecords: options.database.records<NetworkRecord>('networks', { unique: { name: '$.name' } }),
    sandboxes: new Map(),
    sandboxRecords: options.database.records<SandboxRecord>('sandboxes'),
    locks: new KeyedLock(),
  };
}

function loadNetworks(state: NetworksState): void {
  const { options, route, networkRecords, ipv6 } = state;
  const inUse = new Set(
    state.sandboxRecords
      .all()
      .flatMap(({ record }) => record.endpoints.map((endpoint) => endpoint.networkId)),
  );
  ensureDefaultNetworks({ options, route, records: networkRecords, ipv6, inUse: (id) => inUse.has(id) });
  for (const { record } of networkRecords.all()) {
    if (!record.bridge) {
      state.networks.set(record.id, { record });
      continue;
    }
    ensureBridge(route, record.bridge, options.log);
    state.networks.set(record.id, { record, bridge: openBridgeNetwork(state, record, record.bridge) });
  }
}
