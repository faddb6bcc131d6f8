import { mkdir } from 'node:fs/promises';
import { Dns } from '#engine/dns';
import { Firewall } from '#engine/firewall';
import { Ports } from '#engine/ports';
import { KeyedLock } from '#lib/lock';
import { Scope } from '#lib/scope';
import { listMounts, shareMount } from '#linux/mount';
import { NamespaceWorker } from '#linux/namespaces';
import { RouteSocket } from '#linux/netlink';
import { openNetwork } from './create.ts';
import { ensureDefaultNetworks } from './default-networks.ts';
import { destroyNetwork, ensureNetwork } from './drivers/index.ts';
import { HostSubnets } from './host-subnets.ts';
import { hostTurn } from './host-turn.ts';
import { checkPools } from './ipam/index.ts';
import { Leaving } from './leaving.ts';
import { LinkedPorts } from './linked-ports.ts';
import { NamespacePool } from './namespace-pool.ts';
import { buildReady, sweepNetns } from './netns.ts';
import type { NetworksOptions } from './network.ts';
import { NetworkTable } from './network-table.ts';
import type { NetworkRecord } from './record.ts';
import { adoptSandboxes } from './recover.ts';
import { repair, watchInterfaces } from './repair.ts';
import { SandboxTable } from './sandbox-table.ts';
import { applyBridges, type NetworksState } from './state.ts';
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
  checkPools(options.addressPools ?? []);
  await mkdir(options.netnsRoot, { recursive: true, mode: 0o711 });
  shareNetnsRoot(options.netnsRoot);
  const [worker, dns] = await Promise.all([
    NamespaceWorker.open(),
    Dns.open({ directory: options.dnsRoot, log: options.log }),
  ]);
  resources.defer(() => worker[Symbol.asyncDispose]());
  resources.defer(() => dns.close());
  const route = new RouteSocket();
  resources.defer(() => route[Symbol.dispose]());
  const firewall = await Firewall.open(options);
  resources.defer(() => firewall[Symbol.asyncDispose]());

  const state = assemble(options, { worker, dns, route, firewall });
  resources.defer(() => state.ports[Symbol.dispose]());
  if (options.ipForward !== false) enableForwarding({ ipv6: state.ipv6, log: options.log });
  await loadNetworks(state);
  await adoptSandboxes(state);
  await dns.settle();
  applyBridges(state);
  await firewall.start();
  const known = new Set(
    state.sandboxes.values().flatMap(({ netns }) => (netns === undefined ? [] : [netns])),
  );
  await sweepNetns(worker, options.netnsRoot, known, options.log);
  await repair(state);
  const watch = watchInterfaces(state);
  resources.defer(() => watch[Symbol.dispose]());
  state.pool.fill();
  state.leaving.resume();
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
  native: { worker: NamespaceWorker; dns: Dns; route: RouteSocket; firewall: Firewall },
): NetworksState {
  const { worker, dns, route, firewall } = native;
  const ipv6 = hasIpv6();
  return {
    options,
    worker,
    route,
    hostSubnets: new HostSubnets(route),
    firewall,
    dns,
    ports: new Ports({ firewall, ipv6, outside: options.outsidePorts, log: options.log }),
    linkedPorts: new LinkedPorts(firewall),
    pool: new NamespacePool({
      size: options.poolSize,
      build: () => buildReady({ worker, dns }, options.netnsRoot, { ipv6 }),
      log: options.log,
    }),
    ipv6,
    networks: new NetworkTable(),
    leaving: new Leaving({
      records: options.database.records<NetworkRecord>('leaving_networks', { unique: {} }),
      destroy: (network) => destroyNetwork({ worker, options }, network),
      log: options.log,
    }),
    networkRecords: options.database.records<NetworkRecord>('networks', { unique: { name: '$.name' } }),
    sandboxes: new SandboxTable(options.database),
    locks: new KeyedLock(),
  };
}

async function loadNetworks(state: NetworksState): Promise<void> {
  const { options, route, networkRecords, ipv6 } = state;
  state.sandboxes.load();
  const inUse = (id: string) => state.sandboxes.on(id).length > 0;
  using _turn = await hostTurn();
  ensureDefaultNetworks({ options, route, records: networkRecords, ipv6, inUse });
  const host = { addresses: route.addresses() };
  for (const { record } of networkRecords.all()) {
    const bridgeIndex = ensureNetwork(state, record, host);
    state.networks.add({ ...openNetwork(state, record), bridgeIndex });
  }
}
