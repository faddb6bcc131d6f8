import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attachment } from '#engine/containers';
import { FrameDecoder } from '#protocol';
import { TestServer } from '../fake-engine.fixture.ts';
import type { OutputRecord } from './relay.ts';

/** A program that a test plays: what it writes, what it was given. */
class Program {
  readonly output = new PassThrough({ objectMode: true, highWaterMark: 4 });
  readonly stdin = new PassThrough();
  disposed = 0;
  detached = 0;
  readonly #tty: boolean;

  constructor(tty = false) {
    this.#tty = tty;
  }

  print(text: string, stream: OutputRecord['stream'] = 'stdout'): boolean {
    return this.output.write({ stream, data: Buffer.from(text) });
  }

  get attachment(): Attachment {
    return {
      tty: this.#tty,
      output: this.output as Readable,
      stdin: this.stdin,
      noteDetach: () => {
        this.detached++;
      },
      [Symbol.asyncDispose]: () => {
        this.disposed++;
        return Promise.resolve();
      },
    };
  }

  serve(): Promise<TestServer> {
    return TestServer.start({ containers: { attach: () => Promise.resolve(this.attachment) } });
  }
}

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: tcp\r\n';

async function attach(
  server: TestServer,
  headers = UPGRADE,
  query = '',
): Promise<{ socket: Socket; head: string }> {
  const socket = server.connect();
  socket.write(
    `POST /v1.50/containers/x/attach?stream=1&stdin=1&stdout=1${query} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`,
  );
  const [head] = (await once(socket, 'data')) as [Buffer];
  return { socket, head: head.toString() };
}

async function rest(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('an upgrade: frames out, bytes in, each side closed for itself', async () => {
  const program = new Program();
  await using server = await program.serve();
  const { socket, head } = await attach(server);
  assert.match(head, /^HTTP\/1\.1 101 UPGRADED\r\n/);
  assert.match(head, /Content-Type: application\/vnd\.docker\.multiplexed-stream/);
  socket.end('typed');
  assert.equal((await program.stdin.toArray()).join(''), 'typed');
  program.print('out');
  program.print('err', 'stderr');
  program.output.end();
  const frames = new FrameDecoder().push(await rest(socket));
  assert.deepEqual(
    frames.map(({ stream, data }) => [stream, data.toString()]),
    [
      ['stdout', 'out'],
      ['stderr', 'err'],
    ],
  );
  assert.equal(program.disposed, 1);
});

test('without an upgrade the answer is raw and ends with the program', async () => {
  const program = new Program(true);
  await using server = await program.serve();
  const { socket, head } = await attach(server, '');
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(head, /application\/vnd\.docker\.raw-stream/);
  assert.doesNotMatch(head, /transfer-encoding/i);
  program.print('raw');
  program.output.end();
  assert.equal((await rest(socket)).toString(), 'raw');
});

test('input that came with the request is not lost', async () => {
  const program = new Program(true);
  await using server = await program.serve();
  const socket = server.connect();
  socket.end(`POST /containers/x/attach?stdin=1 HTTP/1.1\r\nHost: x\r\n${UPGRADE}\r\nearly`);
  assert.equal((await program.stdin.toArray()).join(''), 'early');
  program.output.end();
  await rest(socket);
});

test('detach keys end a terminal session and leave the program alone', async () => {
  const program = new Program(true);
  await using server = await program.serve();
  const { socket } = await attach(server);
  socket.write(Buffer.from('ls\r\x10'));
  await sleep(20);
  socket.write(Buffer.from('\x11never'));
  assert.equal((await rest(socket)).toString(), '');
  assert.equal((program.stdin.read() as Buffer).toString(), 'ls\r');
  assert.equal(program.stdin.writableEnded, false);
  assert.equal(program.disposed, 1);
});

test('without a terminal the same bytes are data', async () => {
  const program = new Program();
  await using server = await program.serve();
  const { socket } = await attach(server);
  socket.end(Buffer.from('a\x10\x11b'));
  assert.equal((await program.stdin.toArray()).join(''), 'a\x10\x11b');
  program.output.end();
  await rest(socket);
});

test('a client that vanishes takes its session with it', async () => {
  const program = new Program();
  await using server = await program.serve();
  const { socket } = await attach(server);
  socket.destroy();
  // A closed socket and a closed direction look the same until something is written.
  while (program.disposed === 0) {
    program.print('anybody there?');
    await sleep(5);
  }
  assert.equal(program.disposed, 1);
});

test('a slow reader slows the program down, nothing is lost', async () => {
  const program = new Program(true);
  await using server = await program.serve();
  const { socket } = await attach(server);
  socket.pause();
  const block = 'x'.repeat(64 * 1024);
  let printed = 0;
  while (program.print(block)) {
    printed++;
    await sleep(1);
    assert.ok(printed < 1000, 'there is no back-pressure');
  }
  printed++;
  program.output.end();
  assert.equal((await rest(socket)).length, printed * block.length);
});

test('the server closes its sessions when it closes', async () => {
  const program = new Program();
  const server = await program.serve();
  const { socket } = await attach(server);
  const ended = rest(socket);
  const closed = server[Symbol.asyncDispose]();
  await ended;
  socket.end();
  await closed;
  assert.equal(program.disposed, 1);
});
