import { invalid } from '#lib/errors';
import type { Endpoint } from './endpoint.ts';

const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const MAX_TAGS = 1_000_000;

/** All tags of a repository, page by page. @throws RegistryError, invalid */
export async function listTags(
  endpoint: Endpoint,
  path: string,
  scopes: readonly string[],
  signal?: AbortSignal,
): Promise<string[]> {
  const tags = new Set<string>();
  let target: string | URL | undefined = `${path}/tags/list?n=1000`;
  while (target !== undefined) {
    const response = await endpoint.expect(
      [200],
      target,
      { method: 'GET', scopes, missing: 'NAME_UNKNOWN' },
      signal,
    );
    const before = tags.size;
    for (const tag of readTags(await response.read(MAX_PAGE_BYTES), response.url)) tags.add(tag);
    const next: string | undefined = /<([^>]*)>\s*;\s*rel="?next"?/.exec(response.header('link') ?? '')?.[1];
    // A page without anything new: a registry that leads in circles.
    const ended =
      next === undefined || tags.size === before || tags.size > MAX_TAGS || !URL.canParse(next, response.url);
    target = ended ? undefined : new URL(next, response.url);
  }
  return [...tags];
}

function readTags(body: Buffer, url: URL): string[] {
  try {
    const { tags } = JSON.parse(body.toString()) as { readonly tags?: unknown };
    if (tags === null || tags === undefined) return [];
    if (Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')) return tags;
  } catch (error) {
    throw invalid(`registry ${url.host} answers with no list of tags`, error);
  }
  throw invalid(`registry ${url.host} answers with no list of tags`);
}
