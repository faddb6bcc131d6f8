import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import type { Attachment, AttachRequest } from '#engine/containers';
import { noSuchContainer, TestServer } from '../fake-engine.fixture.ts';

class Program {
  readonly output = new PassThrough({ objectMode: true });
  readonly stdin = new PassThrough();
  readonly asked: AttachRequest[] = [];
  detached = 0;

  attachment(tty: boolean): Attachment {
    return {
      tty,
      output: this.output as Readable,
      stdin: this.stdin,
      noteDetach: () => void this.detached++,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  serve(tty = false): Promise<TestServer> {
    return TestServer.start({
      containers: {
        attach: (_reference, request) => {
          this.asked.push(request);
          return Promise.resolve(this.attachment(tty));
        },
      },
    });
  }
}

const open = (server: TestServer, path: string): WebSocket =>
  new WebSocket(`ws+unix://${server.path}:${path}`);

test('output comes bare in binary messages, messages are typed, closing ends the input', async () => {
  const program = new Program();
  await using server = await program.serve();
  const client = open(server, '/v1.50/containers/x/attach/ws?stream=1&stdin=1&stdout=1');
  await once(client, 'open');
  program.output.write({ stream: 'stdout', data: Buffer.from('hello') });
  const [data, isBinary] = (await once(client, 'message')) as [Buffer, boolean];
  assert.deepEqual([data.toString(), isBinary], ['hello', true]);
  client.send('typed ');
  client.send(Buffer.from('twice'));
  client.close();
  assert.equal((await buffer(program.stdin)).toString(), 'typed twice');
  assert.deepEqual(program.asked, [{ stdin: true, stdout: true, stderr: false, logs: false, stream: true }]);
});

test('the end of the program closes the connection in good order', async () => {
  const program = new Program();
  await using server = await program.serve();
  const client = open(server, '/v1.27/containers/x/attach/ws?stream=1');
  const message = once(client, 'message');
  program.output.end({ stream: 'stderr', data: Buffer.from('bye') });
  const [data, isBinary] = (await message) as [Buffer, boolean];
  assert.deepEqual([data.toString(), isBinary], ['bye', false]);
  const [code] = (await once(client, 'close')) as [number];
  assert.equal(code, 1000);
  // Before 1.42 every stream was attached to.
  assert.deepEqual(program.asked, [{ stdin: true, stdout: true, stderr: true, logs: false, stream: true }]);
});

test('the detach keys of a terminal', async () => {
  const program = new Program();
  await using server = await program.serve(true);
  const client = open(server, '/v1.50/containers/x/attach/ws?stream=1&stdin=1&stdout=1&detachKeys=ctrl-x');
  await once(client, 'open');
  client.send('\x18');
  await once(client, 'close');
  assert.equal(program.detached, 1);
});

test('what is no handshake is refused, and so is an unknown container', async () => {
  const program = new Program();
  await using server = await program.serve();
  const plain = await server.request('GET', '/v1.50/containers/x/attach/ws?stream=1');
  assert.equal(plain.status, 400);
  assert.match(plain.text, /not a WebSocket handshake/);
  const half = server.connect().setEncoding('utf8');
  half.write(
    'GET /v1.50/containers/x/attach/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n\r\n',
  );
  const [answer] = (await once(half, 'data')) as [string];
  assert.match(answer, /^HTTP\/1\.1 400 /);
  half.destroy();
  await using other = await TestServer.start({
    containers: { attach: () => Promise.reject(noSuchContainer('x')) },
  });
  const client = open(other, '/v1.50/containers/x/attach/ws');
  const [error] = (await once(client, 'error')) as [Error];
  assert.match(error.message, /404/);
});

test('a message that breaks the protocol hurts nobody else', async () => {
  const program = new Program();
  await using server = await program.serve();
  const client = open(server, '/v1.50/containers/x/attach/ws?stream=1&stdin=1');
  await once(client, 'open');
  client.send(Buffer.alloc(2 * 1024 * 1024));
  await once(client, 'close');
  assert.equal((await server.request('GET', '/_ping')).status, 200);
});
