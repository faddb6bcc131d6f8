import type { Engine } from '#engine';
import { invalid, unsupported } from '#lib/errors';
import { header } from '#protocol';
import { decodePlatform } from '../../decode/platform.ts';
import { registryAuth } from '../../decode/registry-auth.ts';
import { ProgressReport } from '../../encode/progress.ts';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';

/** Pull and import share an address. */
export function pullRoutes(router: Router, { images }: Engine): void {
  router.post('/images/create', async (exchange) => {
    const { query } = exchange;
    if (query.text('fromImage') !== '') await pull(exchange, images);
    else if (query.text('fromSrc') !== '') await importImage(exchange, images);
    else throw invalid('neither fromImage nor fromSrc was given');
  });
}

async function pull(exchange: Exchange, images: Engine['images']): Promise<void> {
  const { query, signal } = exchange;
  const auth = registryAuth(exchange.header(header.registryAuth));
  const platform = decodePlatform(query.text('platform'));
  const name = query.text('fromImage').trim();
  const tag = query.text('tag').trim();
  await exchange.lines(async (lines) => {
    await images.pull(joinReference(name, tag), {
      signal,
      ...(auth && { auth }),
      ...(platform && { platform }),
      ...(tag === '' && !hasTag(name) && { allTags: true }),
      onProgress: new ProgressReport(lines).add,
    });
  });
}

/** `tag` may hold a digest. */
export function joinReference(name: string, tag: string): string {
  if (tag === '') return name;
  return tag.includes(':') ? `${name}@${tag}` : `${name}:${tag}`;
}

export const hasTag = (name: string): boolean => name.includes('@') || /:[^/]*$/.test(name);

async function importImage(exchange: Exchange, images: Engine['images']): Promise<void> {
  const { query, signal, body } = exchange;
  const source = query.text('fromSrc');
  if (source !== '-')
    throw unsupported(`importing from ${source} is not supported: send the archive in the request`);
  const repository = query.text('repo');
  const message = query.text('message') || `Imported from ${source}`;
  const platform = decodePlatform(query.text('platform'));
  await exchange.lines(async (lines) => {
    const image = await images.import(body, {
      signal,
      changes: query.all('changes'),
      ...(repository && { reference: joinReference(repository, query.text('tag')) }),
      message,
      ...(platform && { platform }),
    });
    await lines.write({ status: image.id });
  });
}
