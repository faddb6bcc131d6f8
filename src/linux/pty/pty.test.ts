import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { sendDescriptors } from '../ffi/descriptor-passing.ts';
import { close } from '../ffi/descriptors.ts';
import { AF_UNIX, connect, SOCK_CLOEXEC, SOCK_STREAM, socket } from '../ffi/socket.ts';
import { withUnixAddress } from '../ffi/unix-address.ts';
import { DirectSpawner, run } from '../process/index.ts';
import { openConsoleSocket, resizeTerminal } from './index.ts';

let root = '';
before(() => {
  root = mkdtempSync('/tmp/linux-pty-');
});
after(() => rmSync(root, { recursive: true }));

/** What the runtime does. */
function connectTo(path: string): number {
  const fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  withUnixAddress(path, (address) => connect(fd, address, address.length));
  return fd;
}
const openDescriptors = () => readdirSync('/proc/self/fd').length;

test('a terminal arrives and can be resized', async () => {
  const before = openDescriptors();
  const path = join(root, 'console');
  const console = openConsoleSocket(path);
  const received = console.receive();
  const runtime = connectTo(path);
  const terminal = openSync('/dev/ptmx', 'r+');
  sendDescriptors(runtime, Buffer.from('x'), [terminal]);
  const fd = await received;
  assert.notEqual(fd, terminal);
  assert.equal(fstatSync(fd).rdev, fstatSync(terminal).rdev);
  resizeTerminal(fd, 40, 132);
  const stty = await run(new DirectSpawner(), {
    path: '/bin/stty',
    argv: ['stty', 'size'],
    env: [],
    fds: { 0: terminal },
  });
  assert.equal(String(stty.stdout), '40 132\n');
  for (const each of [fd, terminal, runtime]) closeSync(each);
  console.close();
  console.close();
  assert.equal(existsSync(path), false);
  assert.equal(openDescriptors(), before);
});

test('a runtime that goes without sending, an abort and a close end the wait', async () => {
  const before = openDescriptors();
  // Longer than an address can be.
  const directory = join(root, 'd'.repeat(120));
  mkdirSync(directory);
  const path = join(directory, 'console');
  const console = openConsoleSocket(path);
  assert.throws(() => openConsoleSocket(path), { code: 'EADDRINUSE' });
  close(connectTo(path));
  await assert.rejects(console.receive(), /sent no terminal/);
  await assert.rejects(console.receive(AbortSignal.timeout(10)), { kind: 'cancelled' });
  const pending = console.receive();
  console.close();
  await assert.rejects(pending, { kind: 'cancelled' });
  assert.equal(openDescriptors(), before);
});

test('what is no terminal cannot be resized', () => {
  const fd = openSync('/dev/null', 'r');
  assert.throws(() => resizeTerminal(fd, 1, 1), { code: 'ENOTTY' });
  closeSync(fd);
});
