import { Readable } from 'node:stream';
import type { Engine } from '#engine';
import { invalid, messageOf, unavailable } from '#lib/errors';
import { header } from '#protocol';
import { decodePlatform } from '../../decode/platform.ts';
import { registryAuth } from '../../decode/registry-auth.ts';
import { ProgressReport } from '../../encode/progress.ts';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';
import type { JsonLines } from '../../streams/json-lines.ts';

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
  const platform = exchange.since('1.32') ? decodePlatform(query.text('platform')) : '';
  // `pull -a` may send the name with a colon at its end.
  const name = query.text('fromImage').trim().replace(/:$/, '');
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
  const { query, signal } = exchange;
  const source = query.text('fromSrc');
  const repository = query.text('repo');
  const message = query.text('message') || `Imported from ${source}`;
  const platform = exchange.since('1.32') ? decodePlatform(query.text('platform')) : '';
  await exchange.lines(async (lines) => {
    const archive = source === '-' ? exchange.body : await download(source, lines, signal);
    const image = await images.import(archive, {
      signal,
      changes: query.all('changes'),
      ...(repository && { reference: joinReference(repository, query.text('tag')) }),
      message,
      ...(platform && { platform }),
    });
    await lines.write({ status: image.id });
  });
}

/** An archive from a web server. @throws invalid, unavailable */
async function download(source: string, lines: JsonLines, signal: AbortSignal): Promise<Readable> {
  const address = source.includes('://') ? source : `http://${source}`;
  if (!URL.canParse(address) || !/^https?:/i.test(address)) throw invalid(`invalid URL: ${source}`);
  let answer: Response;
  try {
    answer = await fetch(address, { signal });
  } catch (error) {
    throw unavailable(`cannot download ${address}: ${reasonOf(error)}`, error);
  }
  if (!answer.ok || !answer.body) {
    await answer.body?.cancel();
    throw invalid(`cannot download ${address}: the server answers ${answer.status} ${answer.statusText}`);
  }
  await lines.write({ status: `Downloading from ${address}` });
  return Readable.fromWeb(answer.body);
}

const reasonOf = (error: unknown): string =>
  messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
