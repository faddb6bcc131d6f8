import type { Engine } from '#engine';
import type { ContainerRecord } from '#engine/containers';
import { isKind } from '#lib/errors';
import type { ContainerSummary, Filters } from '#protocol';
import { isRunning } from '../../encode/container-state.ts';
import { containerSummary, summarySizes } from '../../encode/containers.ts';
import { portList } from '../../encode/network-settings.ts';
import type { Exchange } from '../../exchange.ts';
import {
  CONTAINER_FILTERS,
  type ContainerLookup,
  containerFilter,
  impliesAll,
} from '../../filters/containers.ts';
import type { Router } from '../../router.ts';
import { networkIds } from './inspect.ts';

export function listRoutes(router: Router, engine: Engine): void {
  router.get('/containers/json', async (exchange) => {
    const known = knowledgeOf(exchange);
    const rows = summaries(engine, exchange);
    const shown = exchange.query.flag('size') ? withSizes(engine, rows) : rows;
    await exchange.array(shown, (row) => forVersion(row, known));
  });
}

/** What the client's version knows of a row; asked once, for rows may be thousands. */
interface Knowledge {
  readonly annotations: boolean;
  readonly descriptor: boolean;
  readonly health: boolean;
}

const knowledgeOf = (exchange: Exchange): Knowledge => ({
  annotations: exchange.since('1.46'),
  descriptor: exchange.since('1.48'),
  health: exchange.since('1.52'),
});

/** Without what the client's version does not know yet. */
function forVersion(row: ContainerSummary, known: Knowledge): ContainerSummary {
  const { Health, ImageManifestDescriptor, HostConfig, ...rest } = row;
  const { Annotations, ...hostConfig } = HostConfig;
  return {
    ...rest,
    HostConfig: { ...hostConfig, ...(Annotations && known.annotations && { Annotations }) },
    ...(Health && known.health && { Health }),
    ...(ImageManifestDescriptor && known.descriptor && { ImageManifestDescriptor }),
  };
}

/** Newest first; each is made when it is asked for. @throws invalid, notFound before the first */
function* summaries(engine: Engine, { query }: Exchange): Generator<ContainerSummary> {
  const { containers } = engine;
  const filters = withOldParameters(query.filters(CONTAINER_FILTERS), query);
  const limit = query.integer('limit') ?? 0;
  const all = query.flag('all') || limit > 0 || impliesAll(filters);
  const passes = containerFilter(filters, lookup(engine));
  const networks = networkIds(engine);
  const linkNames = containers.linkNames();
  const nameOf = imageNames(engine);
  let shown = 0;
  for (const record of containers.list()) {
    if (!all && !isRunning(record.state)) continue;
    const sandbox = containers.sandbox(record.id);
    const facts = { record, sandbox, ports: portList(record, sandbox) };
    if (!passes(facts)) continue;
    yield containerSummary({
      ...facts,
      networks,
      linkNames: linkNames.get(record.id) ?? [],
      image: nameOf(record),
    });
    if (++shown === limit) return;
  }
}

/** All are measured at once: that is what takes time. */
async function* withSizes({ containers }: Engine, rows: Iterable<ContainerSummary>) {
  yield* await Promise.all(
    [...rows].map(async (row) => {
      const { rw, rootFs } = await containers.size(row.Id);
      return { ...row, ...summarySizes({ rw, rootFs }) };
    }),
  );
}

/** `since` and `before` were parameters before they became filters. */
function withOldParameters(filters: Filters, query: Exchange['query']): Filters {
  const old = (['since', 'before'] as const).filter((name) => query.text(name) && !filters.has(name));
  return old.length === 0
    ? filters
    : new Map([...filters, ...old.map((name) => [name, [query.text(name)]] as const)]);
}

/** What containers' images are called: as the user typed it, while that still means the same image. Each is looked up once. */
function imageNames({ images }: Engine): (record: ContainerRecord) => string {
  const ids = new Map<string, string | undefined>();
  const idOf = (name: string): string | undefined => {
    if (ids.has(name)) return ids.get(name);
    const id = currentId(images, name);
    ids.set(name, id);
    return id;
  };
  return ({ config, imageId }) => (idOf(config.image) === imageId ? config.image : imageId);
}

function currentId(images: Engine['images'], name: string): string | undefined {
  try {
    return images.get(name).id;
  } catch (error) {
    if (isKind(error, 'not-found') || isKind(error, 'invalid')) return undefined;
    throw error;
  }
}

const lookup = ({ containers, images }: Engine): ContainerLookup => ({
  createdAt: (reference) => containers.get(reference).created,
  descendants(reference) {
    try {
      return descendants(images.get(reference).id, images.list());
    } catch (error) {
      if (isKind(error, 'not-found') || isKind(error, 'invalid')) return new Set();
      throw error;
    }
  },
});

function descendants(
  root: string,
  images: readonly { readonly id: string; readonly parent: string | undefined }[],
): Set<string> {
  const found = new Set([root]);
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const { id, parent } of images) if (parent !== undefined && found.has(parent)) found.add(id);
  }
  return found;
}
