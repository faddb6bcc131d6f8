import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { close } from '../ffi/descriptors.ts';
import { pipe } from '../process/index.ts';
import { DescriptorHolder, DescriptorStore } from './index.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
let directory = '';
before(() => {
  directory = mkdtempSync('/tmp/linux-fdstore-');
});
after(() => rmSync(directory, { recursive: true }));

const openDescriptors = () => readdirSync('/proc/self/fd').length;
const inode = (fd: number) => fstatSync(fd).ino;

/** Two descriptors in store under a key; the inode of the first. */
function putPipe(store: DescriptorStore, key: string): number {
  const { read, write } = pipe();
  store.put(key, [read, write]);
  const found = inode(read);
  close(read);
  close(write);
  return found;
}

function inodes(store: DescriptorStore): Map<string, number> {
  const found = new Map<string, number>();
  for (const { key, descriptors } of store.list()) {
    assert.equal(descriptors.length, 2);
    found.set(key, inode(descriptors[0] ?? -1));
    for (const fd of descriptors) close(fd);
  }
  return found;
}

test('what was put in is there again for the next life, and what was removed is not', { skip }, async () => {
  const before = openDescriptors();
  const first = DescriptorHolder.start(directory);
  const store = new DescriptorStore(first.pairs);
  const put = new Map(
    Array.from({ length: 200 }, (_, index) => `key-${index}`).map((key) => [key, putPipe(store, key)]),
  );
  for (const key of ['key-0', 'key-77', 'key-199', 'never']) {
    store.remove(key);
    put.delete(key);
  }
  first[Symbol.dispose]();
  assert.equal(openDescriptors(), before);

  const second = DescriptorHolder.adopt(directory);
  assert.ok(second);
  assert.equal(second.pid, first.pid);
  assert.deepEqual(sorted(inodes(new DescriptorStore(second.pairs))), sorted(put));
  // A round takes nothing away.
  assert.deepEqual(sorted(inodes(new DescriptorStore(second.pairs))), sorted(put));
  await second.stop();
  second[Symbol.dispose]();
  assert.equal(openDescriptors(), before);
  assert.equal(DescriptorHolder.adopt(directory), undefined);
});

const sorted = (map: ReadonlyMap<string, number>) => [...map].toSorted(([a], [b]) => a.localeCompare(b));

test('a process whose start was not noted to the end is found by its command', { skip }, async () => {
  const first = DescriptorHolder.start(directory);
  putPipe(new DescriptorStore(first.pairs), 'one');
  first[Symbol.dispose]();
  for (const cutOff of ['"starting"', '{"pid":12', '']) {
    writeFileSync(join(directory, 'holder.json'), cutOff);
    using again = DescriptorHolder.adopt(directory);
    assert.equal(again?.pid, first.pid);
    assert.deepEqual([...inodes(new DescriptorStore(again.pairs)).keys()], ['one']);
  }
  const last = DescriptorHolder.adopt(directory);
  await last?.stop();
  last?.[Symbol.dispose]();
});

test('its end is told, and another process of the same number is not taken for it', { skip }, async () => {
  using holder = DescriptorHolder.start(directory);
  const ended = holder.ended();
  process.kill(holder.pid, 'SIGKILL');
  await ended;
  assert.equal(DescriptorHolder.adopt(directory), undefined);
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    const noted = JSON.parse(readFileSync(join(directory, 'holder.json'), 'utf8')) as object;
    writeFileSync(join(directory, 'holder.json'), JSON.stringify({ ...noted, pid: other.pid }));
    assert.equal(DescriptorHolder.adopt(directory), undefined);
  } finally {
    other.kill();
    await once(other, 'exit');
  }
});
