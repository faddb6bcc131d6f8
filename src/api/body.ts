import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { invalid } from '#lib/errors';
import { HttpError } from './errors.ts';

export const JSON_LIMIT = 8 * 1024 * 1024;
export const JSON_TIMEOUT = 30_000;

/**
 * The text of a JSON body, empty when there is none.
 * @throws HttpError 413 past the limit, 408 when it does not arrive, 400 for another type of content
 */
export async function readText(
  request: IncomingMessage,
  body: Readable,
  limit = JSON_LIMIT,
  timeout = JSON_TIMEOUT,
): Promise<string> {
  if (Number(request.headers['content-length']) > limit) throw tooLarge(limit);
  const text = (await collect(body, limit, timeout)).toString();
  if (text !== '') requireJson(request.headers['content-type']);
  return text;
}

function collect(body: Readable, limit: number, timeout: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => {
      finish(() => reject(new HttpError(408, 'the request body did not arrive in time')));
    }, timeout);
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) finish(() => reject(tooLarge(limit)));
      else chunks.push(chunk);
    };
    const onEnd = () => finish(() => resolve(Buffer.concat(chunks)));
    const onClose = () => finish(() => reject(invalid('the request body was cut off')));
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      body.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      body.pause();
      settle();
    };
    body.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

const tooLarge = (limit: number) =>
  new HttpError(413, `the request body is larger than ${limit / 1024 / 1024} MiB`);

function requireJson(contentType: string | undefined): void {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (!type) throw invalid("missing Content-Type header: must be 'application/json'");
  if (type !== 'application/json') {
    throw invalid(`unsupported Content-Type header (${type}): must be 'application/json'`);
  }
}
