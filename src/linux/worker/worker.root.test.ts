import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { DirectSpawner, pipe, readLine, wait } from '../process/index.ts';
import { chrootThread, enterMountNamespace } from './index.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';

/** Runs a module's body in a worker thread and gives what it reports. */
async function inThread(body: string): Promise<unknown> {
  const source = `import { workerData, parentPort } from 'node:worker_threads'; import fs from 'node:fs';
    import { chrootThread, enterMountNamespace } from ${JSON.stringify(import.meta.resolve('./index.ts'))}; ${body}`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const [result] = (await once(worker, 'message')) as [unknown];
  await worker.terminate();
  return result;
}

test('a chroot is of one thread; its umask is 0; absolute symlinks resolve inside', { skip }, async () => {
  const root = mkdtempSync('/tmp/linux-worker-');
  writeFileSync(join(root, 'marker'), 'inside');
  const result = await inThread(`
    chrootThread(${JSON.stringify(root)});
    fs.symlinkSync('/marker', '/link');
    fs.writeFileSync('/open', '', { mode: 0o666 });
    parentPort.postMessage([fs.readFileSync('/link', 'utf8'), fs.readdirSync('../..').sort()]);`);
  assert.deepEqual(result, ['inside', ['link', 'marker', 'open']]);
  assert.equal(statSync(join(root, 'open')).mode & 0o777, 0o666);
  assert.equal(readlinkSync('/proc/self/root'), '/');
  assert.ok(readdirSync('/').includes('proc'));
  rmSync(root, { recursive: true });
});

test('a thread sees the mounts of a process', { skip }, async () => {
  const root = mkdtempSync('/tmp/linux-worker-');
  const { read, write } = pipe();
  const script = `mount -t tmpfs none ${root} && echo secret > ${root}/file && echo ready && exec sleep 60`;
  const pid = await new DirectSpawner().spawn({
    path: '/usr/bin/unshare',
    argv: ['unshare', '-m', 'sh', '-c', script],
    env: ['PATH=/usr/bin:/bin:/usr/sbin:/sbin'],
    fds: { 1: write },
  });
  (await import('node:fs')).closeSync(write);
  assert.equal(await readLine(read), 'ready');
  const result = await inThread(`
    enterMountNamespace(${pid});
    parentPort.postMessage(fs.readFileSync(${JSON.stringify(`${root}/file`)}, 'utf8'));`);
  assert.equal(result, 'secret\n');
  assert.deepEqual(readdirSync(root), []);
  process.kill(pid, 'SIGKILL');
  await wait(pid);
  rmSync(root, { recursive: true });
});

test('neither is for the main thread', () => {
  const before = readFileSync('/proc/self/mountinfo', 'utf8');
  assert.throws(() => chrootThread('/tmp'), /worker threads/);
  assert.throws(() => enterMountNamespace(process.pid), /worker threads/);
  assert.equal(readFileSync('/proc/self/mountinfo', 'utf8'), before);
});
