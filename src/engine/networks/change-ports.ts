import {
  type PortBinding,
  type PortSelection,
  type PublishedPort,
  selects,
  withoutPorts,
} from '#engine/ports';
import { conflict } from '#lib/errors';
import { Scope } from '#lib/scope';
import { publishNames } from './names.ts';
import { publishTarget } from './publish-target.ts';
import type { SandboxRecord } from './record.ts';
import type { NetworksState } from './state.ts';

export interface PortChange {
  readonly add: readonly PortBinding[];
  readonly remove: readonly PortSelection[];
}

/** What has come and gone. */
export interface ChangedPorts {
  readonly added: readonly PublishedPort[];
  readonly removed: readonly PublishedPort[];
}

/** @throws conflict, system */
export async function changePorts(
  state: NetworksState,
  containerId: string,
  change: PortChange,
  alongside: (done: ChangedPorts) => void = () => {},
): Promise<ChangedPorts> {
  using _lock = await state.locks.acquire(containerId);
  const record = state.sandboxes.get(containerId);
  if (!record) throw conflict(`container ${containerId} is not running`);
  const { target, ports } = publishable(state, record);
  for (const selection of change.remove) {
    if (!ports.some((port) => selects(selection, port))) throw conflict(noSuchPort(record, selection));
  }
  await using scope = new Scope();
  const removed = state.ports.unpublish(containerId, (port) =>
    change.remove.some((selection) => selects(selection, port)),
  );
  scope.defer(() => state.ports.adopt(target, removed));
  const added = state.ports.publish(target, change.add);
  scope.defer(() => void state.ports.unpublish(containerId, (port) => added.includes(port)));
  const done = { added, removed };
  const bindings = [...withoutPorts(record.bindings, removed), ...change.add];
  const after = { ...record, bindings, ports: [...ports.filter((port) => !isIn(removed, port)), ...added] };
  // What it serves is part of its names: services, and what links open.
  scope.defer(() => publishNames(state, record));
  await publishNames(state, after);
  state.sandboxes.save(after, () => alongside(done));
  scope.keep();
  return done;
}

/** @throws conflict when the container has no way in for others */
function publishable(state: NetworksState, record: SandboxRecord) {
  if (record.mode === 'host') {
    throw conflict('conflicting options: port publishing and the host network: its ports are the host’s own');
  }
  if (record.joins !== undefined) {
    throw conflict('conflicting options: port publishing and the container type network mode');
  }
  const target = publishTarget(state, record);
  if (!target) {
    throw conflict(
      `container ${record.containerName} is on no network that ports can be published from: connect it to one first`,
    );
  }
  return { target, ports: record.ports };
}

function noSuchPort(
  { containerName }: SandboxRecord,
  { hostIp, hostPort, containerPort, protocol }: PortSelection,
): string {
  const address = hostIp === '' ? '' : `${hostIp.includes(':') ? `[${hostIp}]` : hostIp}:`;
  const inside = containerPort === undefined ? '' : `:${containerPort}`;
  return `container ${containerName} does not publish ${address}${hostPort}${inside}/${protocol}`;
}

const isIn = (ports: readonly PublishedPort[], port: PublishedPort): boolean =>
  ports.some(
    (each) =>
      each.protocol === port.protocol &&
      each.hostIp === port.hostIp &&
      each.hostPort === port.hostPort &&
      each.containerPort === port.containerPort,
  );
