import { unknownRepository } from '../content/manifests.ts';
import type { Registry } from '../registry.ts';
import type { Exchange } from './exchange.ts';
import { linkToNext, pageOf } from './page-of.ts';

/** Tags and repositories in one answer at most, when a limit is asked for or not. */
const MOST_TAGS = 10_000;
const MOST_REPOSITORIES = 1000;

export async function listTags(registry: Registry, exchange: Exchange, name: string): Promise<void> {
  const upstream = await registry.upstreams.of(name)?.tags(name);
  if (!upstream && !(await registry.catalogue.repositories.get(name))) throw unknownRepository(name);
  const page = pageOf(exchange.query, MOST_TAGS);
  const limit = page.limit ?? MOST_TAGS;
  const { after } = page;
  const found = upstream
    ? upstream.filter((tag) => after === undefined || tag > after)
    : await registry.catalogue.tags.list([name], { limit: limit + 1, ...(after !== undefined && { after }) });
  const tags = found.slice(0, limit);
  exchange.json(200, { name, tags }, linkToNext(`/v2/${name}/tags/list`, page, tags, found.length > limit));
}

/** Of those that whoever asks may pull from. */
export async function listRepositories(registry: Registry, exchange: Exchange): Promise<void> {
  const page = pageOf(exchange.query, MOST_REPOSITORIES);
  const limit = page.limit ?? MOST_REPOSITORIES;
  const all = await registry.catalogue.repositories.list(
    [],
    page.after === undefined ? {} : { after: page.after },
  );
  const found = all.filter((repository) => exchange.sees(repository));
  const repositories = found.slice(0, limit);
  exchange.json(200, { repositories }, linkToNext('/v2/_catalog', page, repositories, found.length > limit));
}
