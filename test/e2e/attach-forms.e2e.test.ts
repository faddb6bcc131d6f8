import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { Daemon, eventually } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();

/** A request on a bare connection. */
function raw(path: string, options: { upgrade?: boolean; body?: string; method?: string } = {}): Socket {
  const { upgrade = false, body = '', method = 'POST' } = options;
  const socket = connect({ path: `${daemon.root}/s`, allowHalfOpen: true });
  const headers = [
    `${method} ${path} HTTP/1.1`,
    'Host: docker',
    ...(upgrade ? ['Connection: Upgrade', 'Upgrade: tcp'] : []),
    ...(body ? ['Content-Type: application/json', `Content-Length: ${body.length}`] : []),
  ];
  socket.write(`${headers.join('\r\n')}\r\n\r\n${body}`);
  return socket;
}

/** Head and bytes of an answer that ends with the connection; chunks put together. */
async function answerOf(socket: Socket): Promise<{ head: string; body: Buffer }> {
  const all = await buffer(socket);
  const mark = all.indexOf('\r\n\r\n') + 4;
  const head = all.subarray(0, mark).toString();
  const rest = all.subarray(mark);
  return { head, body: /transfer-encoding: chunked/i.test(head) ? dechunked(rest) : rest };
}

function dechunked(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.subarray(at, end).toString(), 16);
    parts.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 4 + size;
  }
  return Buffer.concat(parts);
}

const frame = (stream: 1 | 2, text: string) =>
  Buffer.concat([Buffer.from([stream, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);

/** What came by each stream, however it was cut. */
function parted(body: Buffer): { out: string; err: string } {
  const parts = { out: '', err: '' };
  for (let at = 0; at < body.length; ) {
    const end = at + 8 + body.readUInt32BE(at + 4);
    parts[body[at] === 2 ? 'err' : 'out'] += body.subarray(at + 8, end).toString();
    at = end;
  }
  return parts;
}

const exec = async (config: object): Promise<string> => {
  const answer = await daemon.request('POST', '/containers/box/exec', {
    AttachStdout: true,
    AttachStderr: true,
    ...config,
  });
  return (answer.json as { Id: string }).Id;
};
const box = async (...flags: string[]) => {
  await daemon.docker('rm', '-f', 'box');
  await daemon.ok('run', '-d', '--name', 'box', ...flags);
};
const actions = async (since: number): Promise<string[]> => {
  const path = `/v1.50/events?since=${since}&until=${(Date.now() / 1000).toFixed(3)}`;
  const lines = (await daemon.request('GET', path)).body.split('\n').filter(Boolean);
  return lines.map((line) => (JSON.parse(line) as { Action: string }).Action);
};
const now = () => Number((Date.now() / 1000).toFixed(3));

describe('exec start, by the forms of its connection', () => {
  it('an upgrade: 101, frames, half-close both ways', async () => {
    await box('busybox', 'sleep', '1000');
    const id = await exec({ Cmd: ['sh', '-c', 'cat; echo err >&2'], AttachStdin: true });
    const socket = raw(`/v1.50/exec/${id}/start`, { upgrade: true, body: '{"Detach":false,"Tty":false}' });
    const answer = answerOf(socket);
    socket.end('typed');
    const { head, body } = await answer;
    assert.match(head, /^HTTP\/1\.1 101 UPGRADED\r\n/);
    assert.match(head, /Content-Type: application\/vnd\.docker\.multiplexed-stream/i);
    assert.deepEqual(body, Buffer.concat([frame(1, 'typed'), frame(2, 'err\n')]));
  });

  it('the older raw form: 200, the rest of the connection is input and output', async () => {
    const typing = await exec({ Cmd: ['cat'], AttachStdin: true });
    const typist = raw(`/v1.41/exec/${typing}/start`, { body: '{"Detach":false,"Tty":false}' });
    // Whoever types before the answer has come may be taken for another request.
    const [answer] = (await once(typist, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 200 OK\r\n/);
    typist.end('typed');
    assert.deepEqual(await buffer(typist), frame(1, 'typed'));
    const id = await exec({ Cmd: ['sh', '-c', 'echo out; echo err >&2'] });
    const socket = raw(`/v1.41/exec/${id}/start`, { body: '{"Detach":false,"Tty":false}' });
    const { head, body } = await answerOf(socket);
    assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(head, /content-type: application\/vnd\.docker\.raw-stream/i);
    assert.ok(body.includes(frame(1, 'out\n')) && body.includes(frame(2, 'err\n')), body.toString('latin1'));
  });

  it('frames go by the start’s Tty, as Docker has it', async () => {
    const id = await exec({ Cmd: ['echo', 'x'], Tty: true });
    const { head, body } = await answerOf(
      raw(`/v1.50/exec/${id}/start`, { upgrade: true, body: '{"Tty":false}' }),
    );
    assert.match(head, /multiplexed-stream/);
    assert.deepEqual(body, frame(1, 'x\r\n'));
    const bare = await exec({ Cmd: ['echo', 'x'], Tty: true });
    const answer = await answerOf(raw(`/v1.50/exec/${bare}/start`, { upgrade: true, body: '{"Tty":true}' }));
    assert.match(answer.head, /raw-stream/);
    assert.equal(answer.body.toString(), 'x\r\n');
  });

  it('detaching: the command goes on, and an event tells', async () => {
    const since = now();
    const id = await exec({ Cmd: ['sleep', '999'], Tty: true, AttachStdin: true, DetachKeys: 'ctrl-x' });
    const socket = raw(`/v1.50/exec/${id}/start`, { upgrade: true, body: '{"Tty":true}' });
    await once(socket, 'data');
    socket.write('\x18');
    await once(socket, 'end');
    const { Running } = (await daemon.request('GET', `/exec/${id}/json`)).json as { Running: boolean };
    assert.equal(Running, true);
    assert.ok((await actions(since)).includes('exec_detach'));
    socket.destroy();
  });
});

describe('attach, by the forms of its connection', () => {
  it('an upgrade and the raw form, while it runs', async () => {
    await box('-i', 'busybox', 'sh', '-c', 'read one; echo "$one"; echo err >&2; read two; echo "$two"');
    const path = '/v1.50/containers/box/attach?stream=1&stdin=1&stdout=1&stderr=1';
    const watcher = answerOf(raw('/v1.50/containers/box/attach?stream=1&stdout=1&stderr=1'));
    const typist = raw(path, { upgrade: true });
    const typed = answerOf(typist);
    await once(typist, 'readable').catch(() => {});
    await eventually(
      'both are attached',
      async () => (await actions(0)).filter((a) => a === 'attach').length >= 2,
    );
    typist.write('first\nsecond\n');
    typist.end();
    const expected = { out: 'first\nsecond\n', err: 'err\n' };
    const { head, body } = await typed;
    assert.match(head, /^HTTP\/1\.1 101 UPGRADED/);
    assert.deepEqual(parted(body), expected);
    const seen = await watcher;
    assert.match(seen.head, /^HTTP\/1\.1 200 OK/);
    assert.deepEqual(parted(seen.body), expected);
  });

  it('logs without a stream, and neither', async () => {
    await box('busybox', 'sh', '-c', 'echo one; echo two >&2');
    await daemon.ok('wait', 'box');
    const { body } = await answerOf(raw('/v1.50/containers/box/attach?logs=1&stdout=1&stderr=1'));
    assert.deepEqual(body, Buffer.concat([frame(1, 'one\n'), frame(2, 'two\n')]));
    const none = await answerOf(raw('/v1.50/containers/box/attach?stdout=1'));
    assert.equal(none.body.length, 0);
  });

  it('a WebSocket: bare bytes both ways', async () => {
    await box('-i', 'busybox', 'sh', '-c', 'read line; echo "got $line"; echo err >&2');
    const query = 'stream=1&stdin=1&stdout=1&stderr=1';
    const client = new WebSocket(`ws+unix://${daemon.root}/s:/v1.50/containers/box/attach/ws?${query}`);
    let heard = '';
    client.on('message', (data: Buffer, binary: boolean) => {
      assert.equal(binary, true);
      heard += data.toString();
    });
    const closed = once(client, 'close');
    await once(client, 'open');
    client.send('this\n');
    const [code] = (await closed) as [number];
    assert.deepEqual([heard, code], ['got this\nerr\n', 1000]);
    assert.equal(await daemon.ok('wait', 'box'), '0');
  });

  it('a WebSocket that begins with the log, and ends by keys', async () => {
    await box('-it', 'busybox', 'sh', '-c', 'echo before; read line; echo "got $line"; sleep 600');
    await eventually('it has written', async () => (await daemon.ok('logs', 'box')) === 'before');
    const query = 'stream=1&stdin=1&stdout=1&logs=1&detachKeys=ctrl-x,q';
    const client = new WebSocket(`ws+unix://${daemon.root}/s:/v1.50/containers/box/attach/ws?${query}`);
    let heard = '';
    client.on('message', (data: Buffer) => {
      heard += data.toString();
    });
    const closed = once(client, 'close');
    await once(client, 'open');
    await eventually('the log comes', () => heard.includes('before\r\n'));
    client.send('this\n');
    await eventually('what follows comes', () => heard.includes('got this'));
    client.send('\x18q');
    await closed;
    assert.equal(await daemon.inspect('box', '.State.Status'), 'running');
  });

  it('a WebSocket to what is not there, and no WebSocket at all', async () => {
    const client = new WebSocket(`ws+unix://${daemon.root}/s:/v1.50/containers/nosuch/attach/ws?stream=1`);
    const [error] = (await once(client, 'error')) as [Error];
    assert.match(error.message, /404/);
    assert.equal((await daemon.request('GET', '/containers/box/attach/ws?stream=1')).status, 400);
  });

  it('detaching by the keys that were asked for: an event tells', async () => {
    await box('-it', 'busybox', 'sh');
    const since = now();
    const socket = raw('/v1.50/containers/box/attach?stream=1&stdin=1&stdout=1&detachKeys=a,b', {
      upgrade: true,
    });
    const [head] = (await once(socket, 'data')) as [Buffer];
    assert.match(head.toString(), /raw-stream/);
    socket.write('ab');
    await once(socket.resume(), 'end');
    socket.destroy();
    assert.equal(await daemon.inspect('box', '.State.Status'), 'running');
    assert.ok((await actions(since)).includes('detach'));
    const wrong = await daemon.request('POST', '/containers/box/attach?stream=1&detachKeys=ctrl-!!');
    assert.equal(wrong.status, 400);
    assert.match(wrong.body, /Invalid detach keys/);
  });
});
