import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import type { ExecConfig, ExecRecord, ExecSessionView } from '#engine/containers';
import { conflict, systemError } from '#lib/errors';
import { TestServer } from '../fake-engine.fixture.ts';

const config: ExecConfig = {
  cmd: ['echo'],
  tty: true,
  attachStdin: false,
  attachStdout: true,
  attachStderr: true,
  env: [],
  workingDir: '',
  user: '',
  privileged: false,
};
const record = { id: 'e', containerId: 'c', config } as ExecRecord;

const session = (text: string): ExecSessionView => ({
  tty: true,
  output: Readable.from([{ stream: 'stdout', data: Buffer.from(text) }]),
  stdin: undefined,
  exited: Promise.resolve(0),
  noteDetach() {},
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

const BODY = '{"Detach":false,"Tty":true,"ConsoleSize":[24,80]}';
const head = (body: string) =>
  `POST /v1.50/exec/e/start HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;

async function converse(server: TestServer, ...pieces: string[]): Promise<string> {
  const socket = server.connect().setEncoding('utf8');
  const ended = once(socket, 'end');
  let received = '';
  socket.on('data', (text: string) => {
    received += text;
  });
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  socket.end();
  await ended;
  return received;
}

test('the body of an upgrade arrives, in one piece or in many', async () => {
  const sizes: unknown[] = [];
  await using server = await TestServer.start({
    containers: {
      getExec: () => record,
      requireStartableExec() {},
      startExec: (_id, options) => {
        sizes.push(options.consoleSize);
        return Promise.resolve(session('hello'));
      },
    },
  });
  for (const pieces of [
    [head(BODY) + BODY],
    [head(BODY), BODY],
    [head(BODY) + BODY.slice(0, 9), BODY.slice(9)],
  ]) {
    assert.match(await converse(server, ...pieces), /^HTTP\/1\.1 101 UPGRADED\r\n[^]*\r\n\r\nhello$/);
  }
  assert.deepEqual(sizes, [
    [24, 80],
    [24, 80],
    [24, 80],
  ]);
});

test('a start that fails is told in the stream, a wrong state by status', async () => {
  const failure = systemError('exec: "nope": executable file not found in $PATH');
  let running = true;
  await using server = await TestServer.start({
    containers: {
      getExec: () => record,
      requireStartableExec() {
        if (!running) throw conflict('Container c is not running');
      },
      startExec: () => Promise.reject(failure),
    },
  });
  assert.match(
    await converse(server, head(BODY) + BODY),
    /101 UPGRADED[^]*executable file not found in \$PATH\r\n$/,
  );
  running = false;
  assert.match(await converse(server, head(BODY) + BODY), /^HTTP\/1\.1 409 Conflict[^]*is not running/);
});

test('malformed bodies are refused on an upgrade too', async () => {
  await using server = await TestServer.start({ containers: { getExec: () => record } });
  const bad = '{"Detach":"no"}';
  assert.match(
    await converse(server, head(bad) + bad),
    /^HTTP\/1\.1 400 [^]*Detach must be a boolean, not a string/,
  );
  assert.match(await converse(server, head(bad), bad), /^HTTP\/1\.1 400 /);
});
