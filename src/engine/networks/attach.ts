import type { PortBinding } from '#engine/ports';
import { allInOrder } from '#lib/all-in-order';
import { conflict, invalid, notFound } from '#lib/errors';
import { newId } from '#lib/ids';
import { Scope } from '#lib/scope';
import { shareFiles, writeContainerFiles, writeHostFiles } from './container-files.ts';
import { release } from './detach.ts';
import { announceAll, endpointOf, leaseEndpoint, releaseEndpoint, sandboxOf } from './endpoint.ts';
import { chooseGateways, NO_GATEWAYS } from './gateway.ts';
import { publishNames, withdrawNames } from './names.ts';
import { applySysctls, buildNamespace, type ReadyNamespace, removeNamespace } from './netns.ts';
import type { KnownNetwork } from './network-table.ts';
import { type Plug, plugIn, switchRoutes } from './plug.ts';
import { logClosedPorts } from './port-warnings.ts';
import { publishTarget } from './publish-target.ts';
import type { SandboxRecord } from './record.ts';
import type { AttachOptions, Endpoint, EndpointOptions, Sandbox } from './sandbox.ts';
import { defaultNetwork, type NetworksState } from './state.ts';
import { type Place, takeBack } from './take-back.ts';

/**
 * Gives a container its network: namespace, addresses, published ports and the three files. All or
 * nothing; what is recorded at the end is what a later `recover` finds again.
 * @throws notFound (network, container to join), conflict, invalid, system (port in use)
 */
export async function attach(state: NetworksState, options: AttachOptions): Promise<Sandbox> {
  using _lock = await state.locks.acquire(options.containerId);
  const stale = state.sandboxes.get(options.containerId);
  if (stale) await release(state, stale);
  await using scope = new Scope();
  const record = await place(state, options, scope);
  const former = state.sandboxes.abandonedBy(options.containerId);
  const alongside = () => announceAll(state, 'connect', record);
  // One that is taken back is its container's again, and nobody else's.
  if (former?.sandboxId === record.sandboxId) state.sandboxes.delete(former, record, alongside);
  else state.sandboxes.save(record, alongside);
  scope.keep();
  return sandboxOf(state, record);
}

async function place(state: NetworksState, options: AttachOptions, scope: Scope): Promise<SandboxRecord> {
  const { mode = 'private' } = options;
  const joined = /^container:(.+)$/.exec(mode)?.[1];
  if (joined === undefined && mode !== 'host') return await alone(state, options, scope);
  const record = joined === undefined ? onHost(state, options) : join(state, options, joined);
  await announce(state, record, scope);
  return record;
}

async function announce(state: NetworksState, record: SandboxRecord, scope: Scope): Promise<void> {
  scope.defer(() => withdrawNames(state, record, record.endpoints));
  await publishNames(state, record);
}

const basics = (options: AttachOptions, sandboxId: string) => ({
  sandboxId,
  containerId: options.containerId,
  containerName: options.name,
  hostname: options.hostname,
  domainname: options.domainname,
  directory: options.directory,
});

function join(state: NetworksState, options: AttachOptions, containerId: string): SandboxRecord {
  const target = state.sandboxes.get(containerId);
  if (containerId === options.containerId) throw invalid('cannot join own network');
  if (!target) throw conflict(`cannot join network of a non running container: ${containerId}`);
  const joins = target.joins ?? target.sandboxId;
  if (!state.sandboxes.owner(joins)) throw notFound(`No such container: ${containerId}`);
  shareFiles(target.directory, options.directory);
  return { ...basics(options, joins), mode: 'container', joins, endpoints: [], ports: [], bindings: [] };
}

/** An endpoint by name only. */
function onHost(state: NetworksState, options: AttachOptions): SandboxRecord {
  const [sysctl] = Object.keys(options.sysctls);
  if (sysctl !== undefined) throw invalid(`sysctl "${sysctl}" is not allowed: host network`);
  const owner = basics(options, newId());
  const { record } = state.networks.find('host');
  writeHostFiles(state, options);
  const endpoint = endpointOf(owner, record, options.endpoints[0] ?? { network: 'host' });
  return { ...owner, mode: 'host', endpoints: [endpoint], ports: [], bindings: [] };
}

/**
 * A namespace of its own, on any number of networks. While the kernel makes the interfaces, the files are written and
 * the resolver is told of the names.
 */
async function alone(state: NetworksState, options: AttachOptions, scope: Scope): Promise<SandboxRecord> {
  const places = options.endpoints.map((asked) => ({ known: networkOf(state, asked), asked }));
  const former = state.sandboxes.abandonedBy(options.containerId);
  const { owner, endpoints, plugged } =
    former?.netns === undefined
      ? await moveIn(state, options, places, scope)
      : await moveBack(state, options, { ...former, netns: former.netns }, places, scope);
  const [record] = await Promise.all([
    writeAndAnnounce(state, options, { owner, endpoints }, scope),
    plugged,
    // Behind the interfaces, which the worker makes first.
    applySysctls(state.worker, owner.netns, options.sysctls),
  ]);
  const target = publishTarget(state, record);
  const ports = target ? state.ports.publish(target, record.bindings) : [];
  scope.defer(() => void state.ports.unpublish(options.containerId));
  logClosedPorts(state, options.name, ports);
  return { ...record, ports };
}

async function writeAndAnnounce(
  state: NetworksState,
  options: AttachOptions,
  { owner, endpoints }: Pick<Moved, 'owner' | 'endpoints'>,
  scope: Scope,
): Promise<SandboxRecord> {
  const resolver = writeContainerFiles(state, options, endpoints);
  options.placed?.(owner.netns);
  const record: SandboxRecord = {
    ...owner,
    mode: 'private',
    endpoints,
    ports: [],
    bindings: bindingsOf(options),
    exposedPorts: options.exposedPorts ?? [],
    ...(resolver ? { resolver } : {}),
  };
  await announce(state, record, scope);
  return record;
}

interface Moved {
  readonly owner: ReturnType<typeof basics> & { readonly netns: string };
  readonly endpoints: readonly Endpoint[];
  /** Its interfaces are there. */
  readonly plugged: Promise<void>;
}

async function moveIn(
  state: NetworksState,
  options: AttachOptions,
  places: readonly Place[],
  scope: Scope,
): Promise<Moved> {
  const { sandboxId, netns } = await namespaceFor(state, options);
  scope.defer(() => removeNamespace(state, { sandboxId, netns }));
  const owner = { ...basics(options, sandboxId), netns };
  const plugs: Plug[] = [];
  for (const { known, asked } of places) {
    const endpoint = leaseEndpoint(
      owner,
      known,
      asked,
      plugs.map((plug) => plug.endpoint),
    );
    scope.defer(() => releaseEndpoint(state, endpoint));
    plugs.push({ endpoint, network: known.record });
  }
  const endpoints = plugs.map(({ endpoint }) => endpoint);
  const plugged = allInOrder([
    plugIn(state.worker, netns, plugs),
    switchRoutes(state.worker, netns, NO_GATEWAYS, chooseGateways(endpoints)),
  ]);
  return { owner, endpoints, plugged };
}

async function moveBack(
  state: NetworksState,
  options: AttachOptions,
  former: SandboxRecord & { readonly netns: string },
  places: readonly Place[],
  scope: Scope,
): Promise<Moved> {
  const owner = { ...basics(options, former.sandboxId), netns: former.netns };
  const endpoints = await takeBack(state, { ...former, ...owner }, places, scope);
  return { owner, endpoints, plugged: Promise.resolve() };
}

/** A ready one, unless it is to belong to the container's own user namespace. */
async function namespaceFor(
  { pool, worker, options: { netnsRoot }, ipv6 }: NetworksState,
  { makeNetns }: AttachOptions,
): Promise<ReadyNamespace> {
  const ready = makeNetns ? undefined : await pool.take();
  return ready ?? (await buildNamespace(worker, netnsRoot, { ipv6, makeNetns }));
}

/** With `--bridge=none` a container that names no network has none. @throws notFound */
function networkOf(state: NetworksState, { network }: EndpointOptions): KnownNetwork {
  const isDefault = network === 'default' || network === 'bridge';
  if (!isDefault) return state.networks.find(network);
  return defaultNetwork(state) ?? state.networks.find('none');
}

/** The asked ones, and with -P an ephemeral port for each exposed one that has none. */
function bindingsOf(options: AttachOptions): PortBinding[] {
  const bound = new Set(options.ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`));
  const rest = options.publishAll.filter(
    ({ containerPort, protocol }) => !bound.has(`${containerPort}/${protocol}`),
  );
  return [...options.ports, ...rest.map((port) => ({ ...port, hostIp: '', hostPort: 0 }))];
}
