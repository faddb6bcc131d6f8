import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { digestOf } from '#oci/digest';
import { MediaType } from '#oci/image';
import { NetworkError } from './network-errors.ts';
import { FakeRegistry } from './testing/fake-registry.ts';

const content = randomBytes(1_000_000);
const blob = { mediaType: MediaType.ociLayer, digest: digestOf(content), size: content.length };
const UPLOADS = '/v2/app/blobs/uploads/';
const open = ({ start, end }: { start: number; end: number }) =>
  Readable.from([content.subarray(start, end)]);

/** Takes uploads, and says what came by which request. */
async function takingUploads() {
  const registry = await FakeRegistry.start();
  const state = {
    taken: Buffer.alloc(0),
    ranges: [] as (string | undefined)[],
    sessions: 0,
    closed: 0,
  };
  const location = () => ({ location: `${UPLOADS}${state.sessions}`, range: `0-${state.taken.length - 1}` });
  const session = (method: string) => `${method} ${UPLOADS}1`;
  registry.on(`POST ${UPLOADS}`, (_, response) => {
    state.sessions++;
    state.taken = Buffer.alloc(0);
    response.writeHead(202, { location: `${UPLOADS}1` }).end();
  });
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    state.ranges.push(request.headers['content-range']);
    const stored = (body: Buffer): void => {
      state.taken = Buffer.concat([state.taken, body]);
      response.writeHead(202, { ...location(), location: `${UPLOADS}1` }).end();
    };
    buffer(request).then(stored, () => undefined);
  };
  /** Takes so many bytes, and the line is cut. */
  const cutAfter =
    (bytes: number) =>
    (request: IncomingMessage): void => {
      state.ranges.push(request.headers['content-range']);
      let length = 0;
      request
        .on('error', () => {})
        .on('data', (chunk: Buffer) => {
          const part = chunk.subarray(0, bytes - length);
          length += part.length;
          state.taken = Buffer.concat([state.taken, part]);
          if (length === bytes) request.socket.destroy();
        });
    };
  registry.on(session('PATCH'), take);
  registry.on(session('GET'), (_, response) =>
    response.writeHead(204, { ...location(), location: `${UPLOADS}1` }).end(),
  );
  registry.on(session('PUT'), (_, response) => {
    state.closed++;
    response.writeHead(state.taken.equals(content) ? 201 : 400).end();
  });
  return { registry, state, take, cutAfter, session };
}

test('an upload goes on where the connection broke', async () => {
  const { registry, state, take, cutAfter, session } = await takingUploads();
  await using _closed = registry;
  await using repository = registry.repository();
  registry.onEach(session('PATCH'), cutAfter(300_000), cutAfter(400_000), take);
  await repository.pushBlob(blob, open);
  assert.ok(state.taken.equals(content));
  assert.deepEqual(state.ranges, [undefined, '300000-999999', '700000-999999']);
  assert.deepEqual([state.sessions, state.closed], [1, 1]);
});

test('it begins anew when the registry knows nothing of it, and ends when it gets nowhere', async () => {
  const { registry, state, take, cutAfter, session } = await takingUploads();
  await using _closed = registry;
  await using repository = registry.repository();
  registry.onEach(session('PATCH'), cutAfter(300_000), take);
  registry.on(session('GET'), (_, response) => response.writeHead(404).end());
  await repository.pushBlob(blob, open);
  assert.deepEqual([state.sessions, state.ranges], [2, [undefined, undefined]]);
  registry.on(session('PATCH'), (request) => request.socket.destroy());
  await assert.rejects(repository.pushBlob(blob, open), NetworkError);
  assert.equal(state.sessions, 5);
});

test('what is too large for one request goes in chunks', async () => {
  const { registry, state, take, session } = await takingUploads();
  await using _closed = registry;
  await using repository = registry.repository();
  const large = Buffer.alloc(40 << 20, 'large');
  const descriptor = { ...blob, digest: digestOf(large), size: large.length };
  registry.on(session('PATCH'), (request, response) => {
    if (Number(request.headers['content-length']) <= 20 << 20) take(request, response);
    else {
      request.resume();
      response.writeHead(413, { connection: 'close' }).end();
    }
  });
  registry.on(session('PUT'), (_, response) =>
    response.writeHead(state.taken.equals(large) ? 201 : 400).end(),
  );
  await repository.pushBlob(descriptor, ({ start, end }) => Readable.from([large.subarray(start, end)]));
  const step = 16 << 20;
  assert.deepEqual(state.ranges, [
    `0-${step - 1}`,
    `${step}-${2 * step - 1}`,
    `${2 * step}-${large.length - 1}`,
  ]);
});

test('an upload that was closed already, unheard, is whole; what is refused is given up', async () => {
  const { registry, state, session } = await takingUploads();
  await using _closed = registry;
  await using repository = registry.repository();
  let closed = false;
  registry.on(session('PUT'), (request, response) => {
    if (closed) return response.writeHead(404).end();
    closed = true;
    return request.socket.destroy();
  });
  registry.on(`HEAD /v2/app/blobs/${blob.digest}`, (_, response) =>
    response.writeHead(closed ? 200 : 404).end(),
  );
  await repository.pushBlob(blob, open);
  assert.equal(state.sessions, 1);
  let given = 0;
  registry.on(session('DELETE'), (_, response) => {
    given++;
    response.writeHead(204).end();
  });
  registry.on(session('PUT'), (_, response) => response.writeHead(400).end());
  await assert.rejects(repository.pushBlob(blob, open), /400/);
  assert.equal(given, 1);
});

test('a token that expires while a stream is sent is replaced', async () => {
  const { registry, state, take, session } = await takingUploads();
  await using _closed = registry;
  let token = 1;
  const challenge = { 'www-authenticate': `Bearer realm="http://${registry.host}/token"` };
  registry.on('GET /v2/', (_, response) => response.writeHead(401, challenge).end());
  registry.on('GET /token', (_, response) => response.end(JSON.stringify({ token: `t${token}` })));
  registry.on(session('PATCH'), (request, response) => {
    if (request.headers.authorization === 'Bearer t2') return take(request, response);
    token = 2;
    request.resume();
    return response.writeHead(401, challenge).end();
  });
  await using repository = registry.repository();
  await repository.pushBlob(blob, open);
  assert.deepEqual([state.closed, state.taken.equals(content)], [1, true]);
});
