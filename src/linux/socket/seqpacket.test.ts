import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import { close } from '../ffi/descriptors.ts';
import { whenReady } from '../ffi/readiness.ts';
import {
  AF_UNIX,
  accept4,
  bind,
  listen,
  recv,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  send,
  shutdown,
  socket,
} from '../ffi/socket.ts';
import { withUnixAddress } from '../ffi/unix-address.ts';
import { connectSeqpacket } from './index.ts';

let root = '';
before(() => {
  root = mkdtempSync('/tmp/linux-socket-');
});
after(() => rmSync(root, { recursive: true }));

/** The other end, as conmon has it: blocking calls of a few records. */
class Peer implements Disposable {
  readonly #listening: number;
  #fd = -1;

  constructor(path: string) {
    this.#listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    withUnixAddress(path, (address) => bind(this.#listening, address, address.length));
    listen(this.#listening, 5);
  }

  accept(): void {
    this.#fd = accept4(this.#listening, null, null, SOCK_CLOEXEC | SOCK_NONBLOCK);
  }

  /** False when the queue is full. */
  send(record: Buffer): boolean {
    return send.attempt(this.#fd, record, record.length, 0) >= 0;
  }

  async receive(): Promise<Buffer> {
    await whenReady(this.#fd, { readable: true });
    const buffer = Buffer.alloc(1 << 17);
    return buffer.subarray(0, recv(this.#fd, buffer, buffer.length, 0));
  }

  finish(): void {
    shutdown(this.#fd, 1);
  }

  [Symbol.dispose](): void {
    close(this.#listening);
    if (this.#fd >= 0) close(this.#fd);
  }
}

function connected(path: string): { peer: Peer; stream: Duplex } {
  const peer = new Peer(path);
  const stream = connectSeqpacket(path);
  peer.accept();
  return { peer, stream };
}

const toText = (records: unknown[]) => records.map(String);

test('each record is one chunk, also for a reader that was away', async () => {
  const { peer, stream } = connected(join(root, 'records'));
  using _ = peer;
  for (const text of ['a', 'bb', 'ccc']) peer.send(Buffer.from(text));
  await new Promise((resolve) => setTimeout(resolve, 20));
  peer.finish();
  assert.deepEqual(toText(await stream.toArray()), ['a', 'bb', 'ccc']);
  stream.destroy();
});

test('writes arrive in records that conmon can take whole; end() half-closes', async () => {
  const { peer, stream } = connected(join(root, 'writes'));
  using _ = peer;
  const big = Buffer.alloc(20_000, 'x');
  stream.cork();
  stream.write('one');
  stream.write(big);
  stream.uncork();
  stream.end();
  assert.equal(String(await peer.receive()), 'one');
  const lengths = [await peer.receive(), await peer.receive(), await peer.receive()].map(
    (record) => record.length,
  );
  assert.deepEqual(lengths, [8192, 8192, 3616]);
  assert.equal((await peer.receive()).length, 0, 'end of file');
  peer.send(Buffer.from('still here'));
  peer.finish();
  assert.deepEqual(toText(await stream.toArray()), ['still here']);
  stream.destroy();
});

test('a reader that stops holds the writer back, and nothing is lost', async () => {
  const { peer, stream } = connected(join(root, 'pressure'));
  using _ = peer;
  let sent = 0;
  const fill = () => {
    while (peer.send(Buffer.from(String(sent)))) sent++;
  };
  const seen: string[] = [];
  stream.on('data', (record: Buffer) => {
    seen.push(String(record));
    if (seen.length === 1) {
      stream.pause();
      setTimeout(() => {
        fill();
        peer.finish();
        stream.resume();
      }, 30);
    }
  });
  fill();
  const before = sent;
  assert.ok(before > 0 && before < 10_000);
  await once(stream, 'end');
  assert.ok(sent > 0);
  assert.deepEqual(
    seen,
    Array.from({ length: sent }, (_, index) => String(index)),
  );
  stream.destroy();
});

test('a full queue delays our writes until the other side reads', async () => {
  const { peer, stream } = connected(join(root, 'queue'));
  using _ = peer;
  const count = 500;
  for (let index = 0; index < count; index++) stream.write(Buffer.alloc(4096, index & 0xff));
  assert.ok(stream.writableLength > 0, 'the kernel took them all: the test needs more');
  for (let index = 0; index < count; index++) {
    const record = await peer.receive();
    assert.deepEqual([record.length, record[0]], [4096, index & 0xff]);
  }
  stream.destroy();
});

test('what the other side sent before it closed with unread input still arrives', async () => {
  const path = join(root, 'reset');
  const { peer, stream } = connected(path);
  stream.write('never read');
  for (const text of ['last', 'words']) peer.send(Buffer.from(text));
  peer[Symbol.dispose]();
  const records: unknown[] = [];
  stream.on('data', (record) => records.push(record));
  await once(stream, 'end');
  assert.deepEqual(toText(records), ['last', 'words']);
  stream.write('nobody');
  const [error] = await once(stream, 'error');
  assert.equal(error.code, 'EPIPE');
});

test('a path longer than an address, a missing one, and a dead one', () => {
  const before = readdirSync('/proc/self/fd').length;
  const directory = join(root, 'd'.repeat(120));
  mkdirSync(directory);
  const { peer, stream } = connected(join(directory, 'attach'));
  stream.destroy();
  peer[Symbol.dispose]();
  assert.throws(() => connectSeqpacket(join(directory, 'attach')), { code: 'ECONNREFUSED' });
  assert.throws(() => connectSeqpacket(join(root, 'missing')), { code: 'ENOENT', message: /missing/ });
  assert.equal(readdirSync('/proc/self/fd').length, before);
});
