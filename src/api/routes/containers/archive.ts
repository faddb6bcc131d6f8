import { pipeline, type Readable, type Transform } from 'node:stream';
import { constants, createDeflateRaw, createGzip } from 'node:zlib';
import type { Engine } from '#engine';
import { invalid } from '#lib/errors';
import { encodeHeaderJson, header, mediaType } from '#protocol';
import { acceptedEncoding } from '../../decode/accept.ts';
import type { Exchange } from '../../exchange.ts';
import type { Router } from '../../router.ts';
import { sendFile } from '../../streams/send-file.ts';

export function archiveRoutes(router: Router, { containers }: Engine): void {
  router.head('/containers/{id}/archive', async (exchange) => {
    const stat = await containers.statPath(exchange.param('id'), pathOf(exchange));
    exchange.empty(200, { [header.pathStat]: encodeHeaderJson(stat) });
  });

  router.get('/containers/{id}/archive', async (exchange) => {
    const { stat, tar } = await containers.readArchive(exchange.param('id'), pathOf(exchange));
    const headers = { [header.pathStat]: encodeHeaderJson(stat) };
    const encoding = acceptedEncoding(exchange.header('accept-encoding') ?? '', ENCODINGS);
    if (encoding === undefined) return await sendFile(exchange, tar, mediaType.tar, headers);
    const encoded = compose(tar, encoding === 'gzip' ? createGzip(FAST) : createDeflateRaw(FAST));
    await sendFile(exchange, encoded, mediaType.tar, { ...headers, 'content-encoding': encoding });
  });

  router.put('/containers/{id}/archive', async (exchange) => {
    const { query } = exchange;
    await containers.writeArchive(exchange.param('id'), pathOf(exchange), exchange.body, {
      noOverwriteDirNonDir: query.flag('noOverwriteDirNonDir'),
      copyUidGid: query.flag('copyUIDGID'),
    });
    exchange.empty(200);
  });
}

/** Docker's; by `deflate` it means the bare format (RFC 1951), without zlib's header. */
const ENCODINGS = ['gzip', 'deflate'] as const;
/** Whoever asks for it is on the other side of a network, and waits. */
const FAST = { level: constants.Z_BEST_SPEED, chunkSize: 64 * 1024 };

/** A failure of the source is one of the result, and who lets go of the result lets go of the source. */
function compose(source: Readable, encoder: Transform): Readable {
  pipeline(source, encoder, () => {});
  return encoder;
}

function pathOf({ query }: Exchange): string {
  const path = query.text('path');
  if (path === '') throw invalid('bad parameter: path cannot be empty');
  return path;
}
