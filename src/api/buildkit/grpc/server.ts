import {
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { invalid, unsupported } from '#lib/errors';
import { pathOf } from './client.ts';
import { trailersOf } from './errors.ts';
import { readMessages, writeMessage } from './messages.ts';

/** What comes with a request. */
export interface Call {
  /** Aborts when the caller has gone or has cancelled. */
  readonly signal: AbortSignal;
  metadata(name: string): string | undefined;
}

type Answer = (stream: ServerHttp2Stream, call: Call) => AsyncIterable<MessageInitShape<DescMessage>>;

interface Served {
  readonly method: DescMethod;
  readonly answer: Answer;
}

/**
 * Methods that are answered over connections that are there already.
 * gRPC over HTTP/2: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class GrpcServer {
  readonly #served = new Map<string, Served>();

  unary<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    answer: (request: MessageShape<I>, call: Call) => Promise<MessageInitShape<O>>,
  ): void {
    this.streaming<I, O>({ ...method, methodKind: 'server_streaming' }, async function* (request, call) {
      yield await answer(request, call);
    });
  }

  streaming<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    answer: (request: MessageShape<I>, call: Call) => AsyncIterable<MessageInitShape<O>>,
  ): void {
    this.#served.set(pathOf(method), {
      method,
      answer: async function* (stream, call) {
        yield* answer(await onlyMessage(stream, method), call);
      },
    });
  }

  /** Messages both ways. */
  duplex<I extends DescMessage, O extends DescMessage>(
    method: DescMethodBiDiStreaming<I, O>,
    answer: (requests: AsyncIterable<MessageShape<I>>, call: Call) => AsyncIterable<MessageInitShape<O>>,
  ): void {
    this.#served.set(pathOf(method), {
      method,
      answer: (stream, call) => answer(messagesOf(stream, method), call),
    });
  }

  serve(connection: Duplex): ServerHttp2Session {
    const http = performServerHandshake(connection);
    // Calls under way see it by their signals.
    http.on('error', () => http.destroy());
    http.on('stream', (stream, headers) => void this.#answer(stream, headers));
    return http;
  }

  async #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    const gone = new AbortController();
    stream.once('close', () => gone.abort());
    stream.on('error', () => {});
    const call = { signal: gone.signal, metadata: (name: string) => headers[name]?.toString() };
    const head = { ':status': 200, 'content-type': 'application/grpc' };
    try {
      const { method, answer } = this.#find(headers);
      // Who speaks both ways may wait for it before they say more.
      if (method.methodKind === 'bidi_streaming') stream.respond(head, { waitForTrailers: true });
      for await (const message of answer(stream, call)) {
        if (stream.destroyed) return;
        if (!stream.headersSent) stream.respond(head, { waitForTrailers: true });
        await writeMessage(stream, method.output, message);
      }
      if (!stream.headersSent) stream.respond(head, { waitForTrailers: true });
      end(stream, { 'grpc-status': '0' });
    } catch (error) {
      if (stream.destroyed) return;
      if (stream.headersSent) return end(stream, trailersOf(error));
      stream.respond({ ...head, ...trailersOf(error) }, { endStream: true });
      // What may still come is read by nobody.
      stream.resume();
    }
  }

  /** @throws unsupported, invalid */
  #find({ ':path': path = '', 'content-type': type = '' }: IncomingHttpHeaders): Served {
    if (!type.startsWith('application/grpc')) throw invalid(`content-type "${type}" is not gRPC`);
    const served = this.#served.get(path);
    if (!served) throw unsupported(`unknown method ${path}`);
    return served;
  }
}

function end(stream: ServerHttp2Stream, trailers: Record<string, string>): void {
  if (stream.destroyed) return;
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  stream.end();
}

/** A stream that is read no further stays open: how the call ends is still to be said. */
const messagesOf = <I extends DescMessage>(
  stream: ServerHttp2Stream,
  { input, name }: { readonly input: I; readonly name: string },
) => readMessages(stream.iterator({ destroyOnReturn: false }), input, name);

async function onlyMessage<I extends DescMessage>(
  stream: ServerHttp2Stream,
  { input, name }: DescMethod & { readonly input: I },
): Promise<MessageShape<I>> {
  let found: MessageShape<I> | undefined;
  for await (const message of messagesOf(stream, { input, name })) found ??= message;
  if (found === undefined) throw invalid(`${name}: the request has no message`);
  return found;
}
