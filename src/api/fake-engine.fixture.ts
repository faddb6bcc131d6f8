import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '#engine';
import { notFound } from '#lib/errors';
import { silentLogger } from '#lib/log';
import { Api, serverOptions } from './server.ts';

/** The parts of an engine that a test gives; every other one is missing, and using it fails the test. */
export type Parts = { readonly [K in keyof Engine]?: Partial<Engine[K]> };

export const noSuchContainer = (reference: string) => notFound(`No such container: ${reference}`);

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

/** The API over a fake engine, on a unix socket of its own. */
export class TestServer implements AsyncDisposable {
  readonly path: string;
  readonly api: Api;
  readonly #directory: string;

  private constructor(directory: string, parts: Parts) {
    this.#directory = directory;
    this.path = join(directory, 's.sock');
    this.api = new Api({ engine: parts as unknown as Engine, log: silentLogger, version: '0.0.0' });
  }

  static async start(parts: Parts): Promise<TestServer> {
    const test = new TestServer(mkdtempSync(join(tmpdir(), 'berth-api-')), parts);
    const server = createServer(serverOptions);
    test.api.serve(server);
    await new Promise<void>((resolve) => server.listen(test.path, resolve));
    return test;
  }

  async request(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    const content = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = content === undefined ? {} : { 'content-type': 'application/json' };
      httpRequest({ socketPath: this.path, method, path, headers, ...options }, resolve)
        .on('error', reject)
        .end(content);
    });
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    return { status: response.statusCode ?? 0, headers: response.headers, text };
  }

  /** A bare connection, for what an HTTP client would not send. */
  connect(): Socket {
    return connect({ path: this.path, allowHalfOpen: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.api.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
