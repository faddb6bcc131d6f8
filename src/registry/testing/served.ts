import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { type Digest, digestOf } from '#oci/digest';
import { encodeDocument, MediaType } from '#oci/image';
import { registryServer, type ServerOptions } from '../http/server.ts';
import { Registry, type RegistryOptions } from '../registry.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The first error's code, where it is a refusal. */
  readonly code: string | undefined;
}

/** A registry of a test's own that serves on the loopback. */
export class Served implements AsyncDisposable {
  readonly root: string;
  #stack = new AsyncDisposableStack();
  #registry: Registry | undefined;
  #port = 0;

  private constructor(root: string) {
    this.root = root;
  }

  static async start(options: Partial<RegistryOptions> & ServerOptions = {}): Promise<Served> {
    const served = new Served(await mkdtemp(join(tmpdir(), 'berth-registry-')));
    await served.open(options);
    return served;
  }

  /** Once more, with what is on the disk. */
  async restart(options: Partial<RegistryOptions> & ServerOptions = {}): Promise<void> {
    await this.#stack.disposeAsync();
    this.#stack = new AsyncDisposableStack();
    await this.open(options);
  }

  async open(options: Partial<RegistryOptions> & ServerOptions): Promise<void> {
    const registry = this.#stack.use(await Registry.open({ root: this.root, ...options }));
    const server = registryServer(registry, options).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#stack.defer(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    this.#registry = registry;
    this.#port = (server.address() as AddressInfo).port;
  }

  get registry(): Registry {
    if (!this.#registry) throw new Error('not started');
    return this.#registry;
  }

  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** A request as it is written, without a client's opinion of its path. */
  async send(
    method: string,
    path: string,
    body: string | Buffer = '',
    headers: OutgoingHttpHeaders = {},
  ): Promise<Answer> {
    const sent = request({ host: '127.0.0.1', port: this.#port, method, path, headers, agent: false });
    sent.end(body);
    const [response] = await once(sent, 'response');
    const content = await buffer(response);
    const json = /json/.test(response.headers['content-type'] ?? '') && content.length > 0;
    const value = json ? (JSON.parse(content.toString()) as { errors?: { code: string }[] }) : {};
    return {
      status: response.statusCode,
      headers: response.headers,
      body: content,
      code: value.errors?.[0]?.code,
    };
  }

  async pushBlob(name: string, content: string | Buffer): Promise<Digest> {
    const digest = digestOf(content);
    const { status, body } = await this.send('POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, content);
    if (status !== 201) throw new Error(`${status} ${body.toString()}`);
    return digest;
  }

  /** An image of one layer; tells its manifest's digest. */
  async pushImage(name: string, tag: string, layer: string | Buffer, more: object = {}): Promise<Digest> {
    const config = '{}';
    await this.pushBlob(name, layer);
    await this.pushBlob(name, config);
    const manifest = manifestOf(config, [layer], more);
    const { status, body } = await this.send('PUT', `/v2/${name}/manifests/${tag}`, manifest, {
      'content-type': MediaType.ociManifest,
    });
    if (status !== 201) throw new Error(`${status} ${body.toString()}`);
    return digestOf(manifest);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    await rm(this.root, { recursive: true, force: true });
  }
}

export function manifestOf(config: string, layers: readonly (string | Buffer)[], more: object = {}): Buffer {
  const describe = (mediaType: string, content: string | Buffer) => ({
    mediaType,
    digest: digestOf(content),
    size: Buffer.byteLength(content),
  });
  return encodeDocument({
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    config: describe(MediaType.ociConfig, config),
    layers: layers.map((layer) => describe(MediaType.ociLayer, layer)),
    ...more,
  });
}
