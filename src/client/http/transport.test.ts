import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { parseHost } from '../host.ts';
import { type Listening, serveHttp, serveRaw } from '../server.fixture.ts';
import type { Request } from './connection.ts';
import { Transport } from './transport.ts';

const to = (server: Listening) => new Transport(parseHost(server.host));
const get = (path: string): Request => ({ method: 'GET', path, headers: {} });

async function* chunks(...parts: readonly string[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part);
}

describe('connections', () => {
  it('are used again once an answer is read', async () => {
    let connections = 0;
    await using server = await serveHttp(
      (request, response) => response.end(request.url),
      (http) => http.on('connection', () => connections++),
    );
    using transport = to(server);
    for (const path of ['/a', '/b', '/c'])
      assert.equal(await (await transport.send(get(path))).body.text(), path);
    assert.equal(connections, 1);
  });

  it('are several when answers overlap', async () => {
    await using server = await serveHttp((request, response) =>
      setTimeout(() => response.end(request.url), 20),
    );
    using transport = to(server);
    const texts = await Promise.all(
      ['/a', '/b', '/c'].map(async (path) => (await transport.send(get(path))).body.text()),
    );
    assert.deepEqual(texts, ['/a', '/b', '/c']);
  });

  it('opened ahead are taken first', async () => {
    let connections = 0;
    await using server = await serveHttp(
      (_, response) => response.end('x'),
      (http) => http.on('connection', () => connections++),
    );
    using transport = to(server);
    transport.warm(2);
    await Promise.all([1, 2].map(async () => (await transport.send(get('/'))).body.text()));
    assert.equal(connections, 2);
  });

  it('that the server closed meanwhile are replaced, for a GET', async () => {
    let answered = 0;
    await using server = await serveRaw((socket) => {
      socket.once('data', () => {
        answered++;
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        // The next request on this connection finds it closing.
        socket.once('data', () => socket.destroy());
      });
    });
    using transport = to(server);
    assert.equal(await (await transport.send(get('/'))).body.text(), 'ok');
    assert.equal(await (await transport.send(get('/'))).body.text(), 'ok');
    assert.equal(answered, 2);
    const post: Request = { method: 'POST', path: '/', headers: {}, body: '{}' };
    await assert.rejects(transport.send(post), { name: 'ConnectionError' });
  });
});

describe('bodies', () => {
  it('go out whole with their length, and chunked as streams', async () => {
    await using server = await serveHttp((request, response) => {
      const { 'content-length': length = '-', 'transfer-encoding': encoding = '-' } = request.headers;
      let text = '';
      request
        .on('data', (data) => (text += data))
        .on('end', () => response.end(`${length} ${encoding} ${text}`));
    });
    using transport = to(server);
    const send = async (body: Request['body']) =>
      (await transport.send({ method: 'POST', path: '/', headers: {}, body })).body.text();
    assert.equal(await send('héllo'), '6 - héllo');
    assert.equal(await send(chunks('a', '', 'bc')), '- chunked abc');
    assert.equal(await send(undefined), '0 - ');
  });

  it('of which the server wants no more are not sent on', async () => {
    await using server = await serveHttp((_, response) =>
      response.writeHead(400, { Connection: 'close' }).end('enough'),
    );
    using transport = to(server);
    let sent = 0;
    async function* endless() {
      for (; sent < 10_000; sent++) {
        yield Buffer.alloc(16 * 1024);
        await new Promise(setImmediate);
      }
    }
    const response = await transport.send({ method: 'POST', path: '/', headers: {}, body: endless() });
    assert.deepEqual([response.status, await response.body.text()], [400, 'enough']);
    assert.ok(sent < 10_000);
  });

  it('of which the server reads no more are let go of, and harm no later request', async () => {
    await using server = await serveRaw((socket) => {
      socket.once('data', (request) => {
        const status = request.toString().startsWith('PUT') ? '400 Bad Request' : '200 OK';
        // It stays connected, and would take another request.
        socket.pause().write(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\nno`);
      });
    });
    using transport = to(server);
    const ended = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<Buffer> {
      try {
        for (;;) yield Buffer.alloc(1 << 16);
      } finally {
        ended.resolve();
      }
    }
    const refused = await transport.send({ method: 'PUT', path: '/', headers: {}, body: endless() });
    assert.deepEqual([refused.status, await refused.body.text()], [400, 'no']);
    assert.equal(await (await transport.send(get('/'))).body.text(), 'no');
    await ended.promise;
  });

  it('slow down with their reader', async () => {
    const total = 64 * 1024 * 1024;
    let written = 0;
    await using server = await serveHttp((_, response) => {
      const block = Buffer.alloc(256 * 1024);
      const write = () => {
        while (written < total) {
          written += block.length;
          if (!response.write(block)) return void response.once('drain', write);
        }
        response.end();
      };
      write();
    });
    using transport = to(server);
    const { body } = await transport.send(get('/'));
    const reader = body[Symbol.asyncIterator]();
    await reader.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(written < total / 4, `the server had written ${written} bytes for a reader of one chunk`);
    let read = 0;
    for await (const chunk of { [Symbol.asyncIterator]: () => reader }) read += chunk.length;
    assert.ok(read > total / 2);
  });

  it('that break off are an error', async () => {
    await using server = await serveRaw((socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
    });
    using transport = to(server);
    const { body } = await transport.send(get('/'));
    await assert.rejects(body.text(), /in the middle of an answer/);
  });
});

describe('upgrade', () => {
  const greet = (socket: Socket) =>
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nfirst');

  it('hands over the bytes that came with the answer, and closes one direction at a time', async () => {
    await using server = await serveRaw((socket) => {
      socket.once('data', () => {
        greet(socket);
        let input = '';
        socket.on('data', (data) => (input += data.toString())).on('end', () => socket.end(` then ${input}`));
      });
    });
    using transport = to(server);
    const answer = await transport.upgrade({ method: 'POST', path: '/attach', headers: {} });
    assert.ok('socket' in answer);
    let output = '';
    answer.socket.on('data', (data: Buffer) => (output += data.toString()));
    const ended = new Promise<void>((resolve) => void answer.socket.on('end', resolve));
    answer.socket.resume();
    answer.socket.write('input');
    answer.socket.end();
    await ended;
    assert.equal(output, 'first then input');
  });

  it('that is refused is an ordinary answer', async () => {
    await using server = await serveHttp((_, response) => response.writeHead(404).end('no'));
    using transport = to(server);
    const answer = await transport.upgrade({ method: 'POST', path: '/attach', headers: {}, body: '{}' });
    assert.ok('body' in answer);
    assert.deepEqual([answer.status, await answer.body.text()], [404, 'no']);
  });
});

describe('failures', () => {
  it('name the address and ask for the daemon', async () => {
    using transport = new Transport(parseHost('unix:///nonexistent/berthd.sock'));
    await assert.rejects(transport.send(get('/')), {
      name: 'ConnectionError',
      message: 'Cannot connect to the Berth daemon at unix:///nonexistent/berthd.sock. Is berthd running?',
    });
  });

  it('abort while waiting, and while reading', async () => {
    await using server = await serveHttp((request, response) => {
      if (request.url === '/body') response.write('begun');
    });
    using transport = to(server);
    const waiting = new AbortController();
    setTimeout(() => waiting.abort(), 10);
    await assert.rejects(transport.send(get('/never'), waiting.signal), { kind: 'cancelled' });
    const reading = new AbortController();
    const { body } = await transport.send(get('/body'), reading.signal);
    setTimeout(() => reading.abort(), 10);
    await assert.rejects(body.text(), { kind: 'cancelled' });
    await assert.rejects(transport.send(get('/'), AbortSignal.abort()), { kind: 'cancelled' });
  });

  it('a signal that fires after its answer harms no later request', async () => {
    await using server = await serveHttp((_, response) => setTimeout(() => response.end('ok'), 10));
    using transport = to(server);
    const first = new AbortController();
    await (await transport.send(get('/'), first.signal)).body.text();
    const second = transport.send(get('/'));
    first.abort();
    assert.equal(await (await second).body.text(), 'ok');
  });

  it('a time limit', async () => {
    await using server = await serveHttp(() => {});
    using transport = to(server);
    await assert.rejects(transport.send({ ...get('/'), timeout: 20 }), /did not answer in time/);
  });

  it('line breaks in a path or a field are not sent', async () => {
    await using server = await serveHttp((_, response) => response.end());
    using transport = to(server);
    await assert.rejects(transport.send(get('/a\r\nX: y')), { name: 'ConnectionError' });
    await assert.rejects(transport.send({ ...get('/'), headers: { A: 'b\r\nX: y' } }), {
      name: 'ConnectionError',
    });
  });
});
