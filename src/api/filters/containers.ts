import type { ListItem, Status } from '#engine/containers';
import { invalid } from '#lib/errors';
import { NEVER } from '#lib/time';
import type { Filters, Port } from '#protocol';
import { anyOf, booleanFilter, hasAllLabels, hasLabel, matchesPattern } from './match.ts';
import { portFilter } from './ports.ts';

export const CONTAINER_FILTERS = [
  'ancestor',
  'annotation',
  'before',
  'exited',
  'expose',
  'health',
  'id',
  'isolation',
  'is-task',
  'label',
  'name',
  'network',
  'publish',
  'since',
  'status',
  'volume',
] as const;

const STATUSES: readonly Status[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
];
const HEALTHS = ['none', 'starting', 'healthy', 'unhealthy'];

/** What of a container the filters look at. */
export interface ContainerFacts extends ListItem {
  readonly ports: readonly Port[];
}

/** What a filter needs to know beyond the container itself. */
export interface ContainerLookup {
  /** @throws notFound */
  readonly createdAt: (reference: string) => string;
  /** Ids of the image and of what was made from it; empty for an unknown one. */
  readonly descendants: (image: string) => ReadonlySet<string>;
}

/** Asking for a status means stopped containers too, and so does asking for what is older or newer than another. */
export const impliesAll = (filters: Filters): boolean =>
  ['status', 'before', 'since'].some((name) => (filters.get(name) ?? []).length > 0);

/** @throws invalid, notFound */
export function containerFilter(
  filters: Filters,
  lookup: ContainerLookup,
): (facts: ContainerFacts) => boolean {
  const values = (name: string) => filters.get(name) ?? [];
  for (const status of values('status')) {
    if (!STATUSES.some((known) => known === status)) throw invalid(`invalid filter 'status=${status}'`);
  }
  for (const health of values('health')) {
    if (!HEALTHS.includes(health)) throw invalid(`unrecognized filter value for health: ${health}`);
  }
  const exitCodes = values('exited').map((code) => {
    if (!/^-?\d+$/.test(code)) throw invalid(`invalid filter 'exited=${code}'`);
    return Number(code);
  });
  const before = values('before').map(lookup.createdAt);
  const since = values('since').map(lookup.createdAt);
  const publish = portFilter('publish', values('publish'));
  const expose = portFilter('expose', values('expose'));
  const images = new Set(values('ancestor').flatMap((image) => [...lookup.descendants(image)]));
  const isTask = booleanFilter(filters, 'is-task');

  return ({ record, sandbox, ports }) =>
    anyOf(filters, 'id', (id) => matchesPattern(record.id, id)) &&
    anyOf(
      filters,
      'name',
      (name) => matchesPattern(record.name, name) || matchesPattern(`/${record.name}`, name),
    ) &&
    hasAllLabels(filters, record.config.labels) &&
    values('annotation').every((wanted) => hasLabel(record.hostConfig.annotations, wanted)) &&
    anyOf(filters, 'status', (status) => record.state.status === status) &&
    anyOf(filters, 'health', (health) => (record.state.health?.status ?? 'none') === health) &&
    (exitCodes.length === 0 || (hasRun(record.state) && exitCodes.includes(record.state.exitCode))) &&
    before.every((time) => record.created < time) &&
    since.every((time) => record.created > time) &&
    anyOf(filters, 'ancestor', () => images.has(record.imageId)) &&
    anyOf(filters, 'volume', (volume) =>
      record.mounts.some((mount) => [mount.name, mount.source, mount.destination].includes(volume)),
    ) &&
    anyOf(filters, 'network', (network) =>
      sandbox
        ? sandbox.endpoints.some((e) => e.networkName === network || e.networkId.startsWith(network))
        : record.endpoints.some((e) => e.network === network) || record.hostConfig.networkMode === network,
    ) &&
    publishes(ports, publish, expose) &&
    isTask !== true;
}

const hasRun = (state: ListItem['record']['state']) =>
  !['running', 'paused', 'restarting'].includes(state.status) && state.startedAt !== NEVER;

function publishes(
  ports: readonly Port[],
  publish: ReadonlySet<string>,
  expose: ReadonlySet<string>,
): boolean {
  if (publish.size + expose.size === 0) return true;
  return ports.some(
    (port) =>
      publish.has(`${port.PublicPort}/${port.Type}`) || expose.has(`${port.PrivatePort}/${port.Type}`),
  );
}
