import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { type CacheMount, CacheMounts } from './cache-mounts.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-cache-mounts-'));
after(() => rmSync(root, { recursive: true, force: true }));

const mountOf = (id: string): CacheMount => ({
  type: 'cache',
  id,
  target: '/cache',
  source: '/',
  sharing: 'shared',
  readOnly: false,
  mode: 0o700,
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
});

const fillWhole = (path: string) => writeFile(join(path, 'file'), 'whole');

it('a mount whose filling failed is filled anew', async () => {
  const directory = join(root, 'failed');
  const mounts = new CacheMounts(directory);
  const failing = mounts.open(mountOf('id'), async (path) => {
    await writeFile(join(path, 'file'), 'half');
    throw new Error('cancelled');
  });
  await assert.rejects(failing, /cancelled/);
  assert.deepEqual(readdirSync(directory), []);
  using opened = await mounts.open(mountOf('id'), fillWhole);
  assert.equal(await readFile(join(opened.path, 'file'), 'utf8'), 'whole');
});

it('nobody sees a mount that is half filled, and nobody takes it away', async () => {
  const mounts = new CacheMounts(join(root, 'shared'));
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const first = mounts.open(mountOf('id'), async (path) => {
    begun.resolve();
    await goOn.promise;
    await fillWhole(path);
  });
  await begun.promise;
  const second = mounts.open(mountOf('id'), () => assert.fail('it is filled once'));
  const seen = second.then(({ path }) => readFile(join(path, 'file'), 'utf8'));
  assert.equal(mounts.hold('id'), undefined);
  await mounts.discard((path) => assert.fail(`${path} is in use`));
  goOn.resolve();
  assert.equal(await seen, 'whole');
  (await first)[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  const discarded: string[] = [];
  await mounts.discard((path) => discarded.push(path));
  assert.equal(discarded.length, 1);
});
