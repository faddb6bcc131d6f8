import assert from 'node:assert/strict';
import type { IncomingMessage, RequestListener } from 'node:http';
import { describe, it } from 'node:test';
import { MAX_API_VERSION } from '#protocol';
import { Client } from './client.ts';
import { serveHttp } from './server.fixture.ts';

/** A daemon of another version: it refuses what is newer, with or without the header that says which it is. */
function daemon(version: string, log: string[], options: { silentRefusal?: boolean } = {}): RequestListener {
  return (request: IncomingMessage, response) => {
    log.push(`${request.method} ${request.url}`);
    const asked = /^\/v(\d+\.\d+)\//.exec(request.url ?? '')?.[1];
    const tooNew = asked !== undefined && Number(asked.split('.')[1]) > Number(version.split('.')[1]);
    if (!tooNew || !options.silentRefusal) response.setHeader('Api-Version', version);
    if (tooNew)
      response.writeHead(400).end(JSON.stringify({ message: `client version ${asked} is too new` }));
    else if (request.url?.includes('/containers/create'))
      request.on('end', () => response.end('{"Id":"1","Warnings":[]}')).resume();
    else if (request.url?.includes('/images/load'))
      request.on('end', () => response.end('{"stream":"done"}\n')).resume();
    else response.end('[]');
  };
}

const of = (log: readonly string[]) => log.map((line) => line.replace(/\?.*/, ''));

describe('the version', () => {
  it('costs no round trip with a daemon as new as the client', async () => {
    const log: string[] = [];
    await using server = await serveHttp(daemon(MAX_API_VERSION, log));
    using client = new Client({ host: server.host });
    await client.containers.list();
    await client.containers.list();
    assert.deepEqual(of(log), Array(2).fill(`GET /v${MAX_API_VERSION}/containers/json`));
  });

  it('comes down to an older daemon once, and the request is repeated', async () => {
    const log: string[] = [];
    await using server = await serveHttp(daemon('1.41', log));
    using client = new Client({ host: server.host });
    assert.equal((await client.containers.create({ Image: 'x' })).Id, '1');
    await client.containers.list();
    assert.deepEqual(of(log), [
      `POST /v${MAX_API_VERSION}/containers/create`,
      'POST /v1.41/containers/create',
      'GET /v1.41/containers/json',
    ]);
    assert.equal(client.apiVersion, '1.41');
  });

  it('is found out by two calls side by side', async () => {
    await using server = await serveHttp(daemon('1.41', []));
    using client = new Client({ host: server.host });
    assert.deepEqual(await Promise.all([client.containers.list(), client.containers.list()]), [[], []]);
  });

  it('is asked for when a refusal does not tell it', async () => {
    const log: string[] = [];
    await using server = await serveHttp(daemon('1.30', log, { silentRefusal: true }));
    using client = new Client({ host: server.host });
    await client.containers.list();
    assert.deepEqual(of(log), [
      `GET /v${MAX_API_VERSION}/containers/json`,
      'HEAD /_ping',
      'GET /v1.30/containers/json',
    ]);
  });

  it('is asked for before a stream, which cannot be sent twice', async () => {
    const log: string[] = [];
    await using server = await serveHttp(daemon('1.41', log));
    using client = new Client({ host: server.host });
    async function* tar() {
      yield Buffer.from('tar');
    }
    assert.deepEqual(await Array.fromAsync(client.images.load(tar())), [{ stream: 'done' }]);
    assert.deepEqual(of(log), ['HEAD /_ping', 'POST /v1.41/images/load']);
  });

  it('pinned stays as it is', async () => {
    await using server = await serveHttp(daemon('1.41', []));
    using client = new Client({ host: server.host, version: '1.50' });
    await assert.rejects(client.containers.list(), {
      status: 400,
      message: 'client version 1.50 is too new',
    });
  });
});

describe('errors', () => {
  for (const [status, kind] of [
    [400, 'invalid'],
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [409, 'conflict'],
    [500, 'system'],
    [501, 'unsupported'],
    [503, 'unavailable'],
    [418, 'invalid'],
    [502, 'system'],
  ] as const) {
    it(`${status} is ${kind}`, async () => {
      await using server = await serveHttp((_, response) =>
        response.writeHead(status).end('{"message":"why"}'),
      );
      using client = new Client({ host: server.host });
      await assert.rejects(client.containers.inspect('x'), {
        name: 'ResponseError',
        status,
        kind,
        message: 'why',
      });
    });
  }

  for (const [body, message] of [
    ['<html>', '<html>'],
    ['', 'Teapot'],
    ['null', 'null'],
    ['{"message":""}', '{"message":""}'],
  ] as const) {
    it(`without a message: ${JSON.stringify(body)}`, async () => {
      await using server = await serveHttp((_, response) => response.writeHead(418, 'Teapot').end(body));
      using client = new Client({ host: server.host });
      await assert.rejects(client.containers.inspect('x'), { message });
    });
  }

  it('304 is none: it is so already', async () => {
    await using server = await serveHttp((_, response) => response.writeHead(304).end());
    using client = new Client({ host: server.host });
    await client.containers.start('x');
  });
});

it('a wait is registered before it ends', async () => {
  await using server = await serveHttp((_, response) => {
    response.flushHeaders();
    setTimeout(() => response.end('{"StatusCode":3}'), 20);
  });
  using client = new Client({ host: server.host });
  const { exit } = await client.containers.wait('x', 'next-exit');
  assert.equal((await exit).StatusCode, 3);
});

it('an event keeps the last digits of its time', async () => {
  await using server = await serveHttp((_, response) =>
    response.end('{"Type":"container","Action":"die","time":1795309446,"timeNano":1795309446781805335}\n'),
  );
  using client = new Client({ host: server.host });
  const [event] = await Array.fromAsync(await client.events.follow());
  assert.equal(event?.exactTimeNano, '1795309446781805335');
});
