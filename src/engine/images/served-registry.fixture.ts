import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { type Digest, digestOf } from '#oci/digest';
import { type Descriptor, encodeDocument, hostPlatform, MediaType } from '#oci/image';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A registry on loopback that knows ranges, counts what it sends, and misbehaves where a test says so. */
export class ServedRegistry {
  readonly host: string;
  readonly #blobs = new Map<string, Buffer>();
  readonly #manifests = new Map<string, { mediaType: string; content: Buffer }>();
  /** Answers instead of the usual one, by `METHOD path`, or by the path's beginning. */
  readonly answers = new Map<string, Answer>();
  /** `METHOD path range` of each request. */
  readonly log: string[] = [];
  /** Bytes of blobs that went out. */
  sent = 0;

  private constructor(host: string) {
    this.host = host;
  }

  static async start(context: TestContext): Promise<ServedRegistry> {
    const server = createServer((request, response) => registry.#answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    context.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const registry = new ServedRegistry(`127.0.0.1:${(server.address() as AddressInfo).port}`);
    return registry;
  }

  blob(content: Buffer, mediaType: string = MediaType.ociLayer): Descriptor {
    const digest = digestOf(content);
    this.#blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
  }

  /** A document under its digest and, with a tag, under that. */
  manifest(document: object, tag?: string): Descriptor {
    const content = encodeDocument(document);
    const digest = digestOf(content);
    const mediaType = String(Reflect.get(document, 'mediaType'));
    for (const name of [digest, ...(tag ? [tag] : [])]) this.#manifests.set(name, { mediaType, content });
    return { mediaType, digest, size: content.length };
  }

  /** An image of uncompressed layers. */
  image(layers: readonly Buffer[], tag?: string, more: Partial<Descriptor> = {}): Descriptor {
    return this.manifest(this.document(layers, more), tag);
  }

  document(layers: readonly Buffer[], more: Partial<Descriptor> = {}) {
    const diff_ids = layers.map((layer) => digestOf(layer));
    const config = encodeDocument({ ...hostPlatform(), rootfs: { type: 'layers', diff_ids } });
    return {
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: this.blob(config, MediaType.ociConfig),
      layers: layers.map((layer) => ({ ...this.blob(layer), ...more })),
    };
  }

  requests(pattern: RegExp): string[] {
    return this.log.filter((line) => pattern.test(line));
  }

  /** The usual answer to a request for a blob. */
  sendBlob(digest: Digest, request: IncomingMessage, response: ServerResponse): void {
    const content = this.#blobs.get(digest);
    if (!content) {
      response.writeHead(404).end();
      return;
    }
    const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    const start = Number(from ?? 0);
    const end = Math.min(content.length, to ? Number(to) + 1 : content.length);
    response.writeHead(from === undefined ? 200 : 206, {
      'content-length': end - start,
      ...(from !== undefined && { 'content-range': `bytes ${start}-${end - 1}/${content.length}` }),
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    this.sent += end - start;
    response.end(content.subarray(start, end));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers } = request;
    this.log.push(`${method} ${url} ${headers.range ?? ''}`.trimEnd());
    const own = [...this.answers].find(([key]) => `${method} ${url}`.startsWith(key))?.[1];
    if (own) return own(request, response);
    const [, kind, name = ''] = /^\/v2\/.+\/(blobs|manifests)\/([^/?]+)$/.exec(url) ?? [];
    if (kind === 'blobs') return this.sendBlob(name as Digest, request, response);
    const manifest = this.#manifests.get(name);
    if (!manifest) return void response.writeHead(url === '/v2/' ? 200 : 404).end();
    response.writeHead(200, {
      'content-type': manifest.mediaType,
      'content-length': manifest.content.length,
      'docker-content-digest': digestOf(manifest.content),
    });
    return void response.end(method === 'HEAD' ? undefined : manifest.content);
  }
}
