import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { notFound } from '#lib/errors';
import { Control } from '#protocol/buildkit';
import { GrpcClient } from './client.ts';
import { GrpcServer } from './server.ts';

const { method } = Control;
const signal = new AbortController().signal;

function served() {
  const server = new GrpcServer();
  server.unary(method.info, async () => ({ buildkitVersion: { version: 'v1' } }));
  server.unary(method.solve, async ({ ref }) => Promise.reject(notFound(`no build "${ref}" – here`)));
  server.streaming(method.prune, async function* ({ all }) {
    for (const id of ['a', 'b']) yield { id };
    if (all) throw notFound('the third');
  });
  const [near, far] = duplexPair();
  server.serve(far);
  return near;
}

test('answers come as they are made, and how a call ends behind them', async () => {
  const client = new GrpcClient(served());
  const { buildkitVersion } = await client.call(method.info, {}, signal);
  assert.equal(buildkitVersion?.version, 'v1');
  await assert.rejects(client.call(method.solve, { ref: 'ä' }, signal), {
    code: 5,
    message: 'no build "ä" – here',
  });
  const ids: string[] = [];
  const prune = async (all: boolean) => {
    using stream = client.open(method.prune, {}, signal);
    await stream.send({ all });
    stream.end();
    for await (const { id } of stream) ids.push(id);
  };
  await prune(false);
  await assert.rejects(prune(true), { code: 5, message: 'the third' });
  assert.deepEqual(ids, ['a', 'b', 'a', 'b']);
  await assert.rejects(client.call(method.status, {}, signal), { code: 12 });
});

test('whatever is sent, the call is told how it ended', async () => {
  const http = connect('http://x', { createConnection: served });
  const path = '/moby.buildkit.v1.Control/Info';
  assert.match(await ask(http, path, Buffer.of(0, 0, 0, 0, 0)), /^0 /);
  assert.match(await ask(http, path, Buffer.alloc(0)), /^3 .*no%20message/);
  assert.match(await ask(http, path, Buffer.of(0, 255, 255, 255, 255, 1)), /^13 /);
  assert.match(await ask(http, path, Buffer.of(1, 0, 0, 0, 0)), /^13 .*compressed/);
  assert.match(await ask(http, path, Buffer.of(0, 0, 0, 0, 1, 0xff)), /^2 /);
  assert.match(await ask(http, path, Buffer.of(0, 0, 0, 0, 0), 'text/plain'), /^3 .*text%2Fplain/);
  http.destroy();
});

async function ask(
  http: ClientHttp2Session,
  path: string,
  body: Buffer,
  type = 'application/grpc',
): Promise<string> {
  const stream = http.request({ ':method': 'POST', ':path': path, 'content-type': type });
  let told: IncomingHttpHeaders = {};
  const keep = (headers: IncomingHttpHeaders) => {
    told = { ...told, ...headers };
  };
  stream.on('response', keep).on('trailers', keep).resume().end(body);
  await once(stream, 'close');
  return `${String(told['grpc-status'])} ${String(told['grpc-message'])}`;
}
