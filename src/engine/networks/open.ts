import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { codeOf, messageOf } from '#lib/errors';
import { KeyedLock } from '#lib/lock';
import { Scope } from '#lib/scope';
import { listMounts, shareMount } from '#linux/mount';
import { NamespaceWorker } from '#linux/namespaces';
import { RouteSocket } from '#linux/netlink';
import { Nftables, watchTable } from '#linux/nftables';
import { ensureBridge } from './bridge.ts';
import { openBridgeNetwork } from './create.ts';
import { ensureDefaultNetworks } from './default-networks.ts';
import { Firewall } from './firewall.ts';
import { followLoopback6 } from './loopback6.ts';
import { sweepNetns } from './netns.ts';
import type { NetworksOptions } from './network.ts';
import { SandboxPool } from './pool.ts';
import { PortAllocator } from './port-allocator.ts';
import { buildSandbox } from './ready-sandbox.ts';
import type { NetworkRecord, SandboxRecord } from './record.ts';
import { adoptSandboxes } from './recover.ts';
import { applyBridges, defaultNetwork, type KnownNetwork, type NetworksState } from './state.ts';
import { enableForwarding, hasIpv6 } from './sysctl.ts';

/** Identifiers of nft(8) have letters, digits and a few marks. */
const tableName = (instance: string): string =>
  /^[a-z][a-z0-9_-]{0,30}$/i.test(instance)
    ? instance
    : `berth-${createHash('sha256').update(instance).digest('hex').slice(0, 8)}`;

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
  const nft = new Nftables();
  resources.defer(() => nft[Symbol.dispose]());

  const state = assemble(options, { worker, route, nft });
  await state.firewall.claim();
  enableForwarding({ ipv6: state.ipv6, log: options.log });
  loadNetworks(state);
  await adoptSandboxes(state);
  resources.defer(() => {
    for (const hold of [...state.holds.values()].flat()) hold[Symbol.dispose]();
  });
  followLoopback6(state);
  applyBridges(state);
  resources.defer(watchFirewall(state));
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
  native: { worker: NamespaceWorker; route: RouteSocket; nft: Nftables },
): NetworksState {
  const { worker, route, nft } = native;
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
    firewall: new Firewall({ table: tableName(options.instance), nft, log: options.log }),
    ports: new PortAllocator(),
    pool,
    ipv6: hasIpv6(),
    networks,
    networkRecords: options.database.records<NetworkRecord>('networks', { unique: { name: '$.name' } }),
    sandboxes: new Map(),
    sandboxRecords: options.database.records<SandboxRecord>('sandboxes'),
    holds: new Map(),
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

/** Puts the table back whenever another program has changed it. */
function watchFirewall(state: NetworksState): () => void {
  const watch = watchTable(state.firewall.table, () => {
    try {
      state.firewall.restore();
    } catch (error) {
      const fields = { error: messageOf(error), code: codeOf(error) };
      state.options.log.error('the nftables table could not be restored', fields);
    }
  });
  return () => watch[Symbol.dispose]();
}
