import { type AuthConfig, encodeHeaderJson, header, mediaType, type ProgressMessage } from '#protocol';
import type { Api, Call } from './api.ts';
import type { Channel } from './http/dial.ts';
import { jsonLines } from './json-lines.ts';
import { type QueryValue, segment } from './query.ts';

export interface BuildRequest {
  /** The query of `POST /build`. */
  readonly query: Readonly<Record<string, QueryValue>>;
  /** A tar. */
  readonly context: AsyncIterable<Uint8Array>;
  /** Credentials by registry. */
  readonly auths: Readonly<Record<string, AuthConfig>>;
  /** By id, base64. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Serves a connection that the daemon asks for. */
  readonly serve?: (asked: AskedStream, connection: Channel) => Promise<void>;
}

/**
 * Builds an image; the messages are the classic builder's. Its end is that of all connections that were served.
 * @throws ResponseError, ConnectionError, and what `serve` throws
 */
export async function* build(
  api: Api,
  { query, context, auths, secrets, serve }: BuildRequest,
  signal?: AbortSignal,
): AsyncGenerator<ProgressMessage, void> {
  const headers = {
    'Content-Type': mediaType.tar,
    ...(Object.keys(auths).length > 0 && { [header.registryConfig]: encodeHeaderJson(auths) }),
    ...(Object.keys(secrets).length > 0 && { [header.buildSecrets]: encodeHeaderJson(secrets) }),
  };
  const failed = new AbortController();
  const either = signal ? AbortSignal.any([signal, failed.signal]) : failed.signal;
  const served: Promise<void>[] = [];
  const call: Call = { method: 'POST', path: '/build', query, stream: context, headers };
  try {
    const { body } = await api.send(call, either);
    for await (const message of jsonLines<ProgressMessage>(body)) {
      const asked = streamOf(message);
      if (!asked) yield message;
      else if (serve) served.push(answer(api, asked, serve, either).catch((error) => failed.abort(error)));
    }
    await Promise.all(served);
  } catch (error) {
    if (!failed.signal.aborted) throw error;
  }
  if (failed.signal.aborted) throw failed.signal.reason;
}

/** A further connection that the daemon wants. */
export interface AskedStream {
  readonly id: string;
  /** What for: `output 0`, `context name`. */
  readonly name: string;
  /** Of a context: only what these name. */
  readonly paths: readonly string[];
}

function streamOf({ aux }: ProgressMessage): AskedStream | undefined {
  if (typeof aux !== 'object' || aux === null || !('Stream' in aux && 'Name' in aux)) return undefined;
  const paths = 'Paths' in aux && Array.isArray(aux.Paths) ? aux.Paths.map(String) : [];
  return { id: String(aux.Stream), name: String(aux.Name), paths };
}

async function answer(
  api: Api,
  asked: AskedStream,
  serve: NonNullable<BuildRequest['serve']>,
  signal: AbortSignal,
): Promise<void> {
  const hijacked = await api.hijack({ method: 'POST', path: `/build/streams/${segment(asked.id)}` }, signal);
  const { asStream } = await import('./http/channel-stream.ts');
  const socket = asStream(hijacked.socket);
  try {
    await serve(asked, socket);
    socket.end();
  } catch (error) {
    socket.destroy();
    throw error;
  }
}
