import { type AuthConfig, encodeHeaderJson, header, mediaType, type ProgressMessage } from '#protocol';
import type { Api } from './api.ts';
import { jsonLines } from './json-lines.ts';
import type { QueryValue } from './query.ts';

export interface BuildRequest {
  /** The query of `POST /build`. */
  readonly query: Readonly<Record<string, QueryValue>>;
  /** A tar. */
  readonly context: AsyncIterable<Uint8Array>;
  /** Credentials by registry. */
  readonly auths: Readonly<Record<string, AuthConfig>>;
  /** By id, base64. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** Builds an image; the messages are the classic builder's. @throws ResponseError, ConnectionError */
export async function* build(
  api: Api,
  { query, context, auths, secrets }: BuildRequest,
  signal?: AbortSignal,
): AsyncGenerator<ProgressMessage, void> {
  const headers = {
    'Content-Type': mediaType.tar,
    ...(Object.keys(auths).length > 0 && { [header.registryConfig]: encodeHeaderJson(auths) }),
    ...(Object.keys(secrets).length > 0 && { [header.buildSecrets]: encodeHeaderJson(secrets) }),
  };
  const { body } = await api.send(
    { method: 'POST', path: '/build', query, stream: context, headers },
    signal,
  );
  yield* jsonLines<ProgressMessage>(body);
}
