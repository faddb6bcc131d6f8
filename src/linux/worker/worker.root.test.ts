import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';

const root = mkdtempSync('/var/tmp/berth-worker-');
after(() => rmSync(root, { recursive: true }));
mkdirSync(`${root}/etc`);
writeFileSync(`${root}/etc/hostname`, 'inside');
symlinkSync('/etc/hostname', `${root}/link`);

/** Evaluates `code` in a worker that has the face's functions; its posted value. */
async function inWorker(code: string): Promise<unknown> {
  const face = new URL('./index.ts', import.meta.url).href;
  const source = `import { parentPort } from 'node:worker_threads'; import { readFileSync } from 'node:fs'; import { chrootThread, enterMountNamespace } from '${face}';\n${code}`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  const [value] = await once(worker, 'message');
  await worker.terminate();
  return value;
}

test('a chrooted thread sees the new root, through links too, and nobody else does', async () => {
  const code = `chrootThread(${JSON.stringify(root)}); parentPort.postMessage(readFileSync('/link', 'utf8'));`;
  assert.equal(await inWorker(code), 'inside');
  assert.notEqual(readFileSync('/etc/hostname', 'utf8'), 'inside');
});

test("a thread enters a process's mount namespace", async () => {
  const script = `mount -t tmpfs none ${root}/etc && echo there > ${root}/etc/hostname && echo ready && sleep 60`;
  const holder = spawn('unshare', ['-m', 'sh', '-c', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  await once(holder.stdout, 'data');
  const code = `enterMountNamespace(${holder.pid}); parentPort.postMessage(readFileSync('${root}/etc/hostname', 'utf8'));`;
  assert.equal(await inWorker(code), 'there\n');
  process.kill(-(holder.pid ?? 0), 'SIGKILL');
  assert.equal(readFileSync(`${root}/etc/hostname`, 'utf8'), 'inside');
});
