import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Digest } from '#oci/digest';
import { unknownBlob } from '../content/blobs.ts';
import type { Registry } from '../registry.ts';
import type { Exchange } from './exchange.ts';
import { type ByteRange, namesTag, parseRange } from './range.ts';

export interface BlobRequest {
  readonly name: string;
  readonly digest: Digest;
}

/** distribution spec, "Pulling blobs"; ranges and conditions as RFC 9110 has them. */
export async function getBlob(
  registry: Registry,
  exchange: Exchange,
  { name, digest }: BlobRequest,
): Promise<void> {
  const here = await registry.blobs.find(name, digest);
  const arrival = here ? undefined : await arrivalOf(registry, exchange, { name, digest });
  const size = here?.size ?? arrival?.size;
  if (size === undefined) throw unknownBlob(digest);
  const etag = `"${digest}"`;
  const headers = {
    'docker-content-digest': digest,
    etag,
    'cache-control': 'max-age=31536000',
    'accept-ranges': 'bytes',
  };
  if (namesTag(exchange.header('if-none-match'), etag)) return exchange.end(304, headers);
  const type = { 'content-type': 'application/octet-stream' };
  const condition = exchange.header('if-range');
  const wanted =
    condition === undefined || namesTag(condition, etag)
      ? parseRange(exchange.header('range'), size)
      : undefined;
  if (wanted === 'unsatisfiable')
    return exchange.end(416, { ...headers, 'content-range': `bytes */${size}` });
  const range = wanted ?? { start: 0, end: size - 1 };
  const length = range.end - range.start + 1;
  const status = wanted ? 206 : 200;
  const partly = wanted ? { 'content-range': `bytes ${range.start}-${range.end}/${size}` } : {};
  const all = { ...headers, ...type, ...partly, 'content-length': length };
  if (exchange.method === 'HEAD') return exchange.end(status, all);
  if (length === 0) return exchange.end(status, all);
  const content = await (arrival?.open?.(range) ?? registry.blobs.open(digest, range));
  exchange.response.writeHead(status, all);
  await pipeline(content, exchange.response);
}

/** What an upstream has. Whoever only asks for its size gets that alone. */
async function arrivalOf(registry: Registry, exchange: Exchange, { name, digest }: BlobRequest) {
  const { upstreams } = registry;
  if (exchange.method === 'HEAD') {
    const size = await upstreams.of(name)?.sizeOf(name, digest);
    return size === undefined ? undefined : { size };
  }
  const arrival = await upstreams.arrival(name, digest);
  if (!arrival) return undefined;
  return {
    size: arrival.blob.size,
    open: (range: ByteRange) => Readable.from(arrival.read(range), { objectMode: false }),
  };
}

export async function deleteBlob(
  registry: Registry,
  exchange: Exchange,
  { name, digest }: BlobRequest,
): Promise<void> {
  await registry.blobs.delete(name, digest);
  exchange.end(202);
}
