import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentLogger } from '#lib/log';
import { MountMappings } from '#linux/namespaces';
import { digestOf } from '#oci/digest';
import { chainIds } from '#oci/image';
import { tarOf } from './conformance.ts';
import { openSnapshots } from './open.ts';
import type { LayerForm, Snapshots } from './snapshots.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root';
const bottom = tarOf([{ path: 'd', type: 'directory', mode: 0o700 }]);
const top = tarOf([{ path: 'd/file', type: 'file', content: 'x'.repeat(3000) }]);

async function openIn(context: TestContext, layerForm: LayerForm): Promise<[Snapshots, string]> {
  const root = mkdtempSync('/var/tmp/berth-receive-');
  const snapshots = await openSnapshots({
    root,
    log: silentLogger,
    mappings: new MountMappings(),
    layerForm,
  });
  context.after(async () => {
    await snapshots.close();
    rmSync(root, { recursive: true, force: true });
  });
  return [snapshots, root];
}

async function* pieces(tar: Buffer): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < tar.length; at += 700) yield tar.subarray(at, at + 700);
}

test('a tar that is taken in becomes a layer when it has a name', { skip }, async (context) => {
  const [snapshots, root] = await openIn(context, 'erofs');
  const chain = chainIds([digestOf(bottom), digestOf(top)]);
  const [below = '', above = ''] = chain;
  for (const [tar, chainId, parent] of [
    [bottom, below, undefined],
    [top, above, below],
  ] as const) {
    using received = await snapshots.receive(pieces(tar), parent);
    assert.equal(received.diffId, digestOf(tar));
    assert.equal(snapshots.hasLayer(chainId), false);
    await received.keep(chainId);
    assert.equal(snapshots.hasLayer(chainId), true);
  }
  assert.deepEqual(snapshots.archiveOf(digestOf(top))?.length, top.length);
  await snapshots.prepare('one', [above, below]);
  const mounted = await snapshots.mount('one');
  assert.equal(readFileSync(join(mounted, 'd/file'), 'utf8').length, 3000);
  const [directory] = readdirSync(mounted, { withFileTypes: true });
  assert.equal(directory?.name, 'd');
  await snapshots.remove('one');
  {
    using again = await snapshots.receive(pieces(top), below);
    await again.keep(above);
  }
  {
    using _dropped = await snapshots.receive(pieces(tarOf([{ path: 'x', type: 'file' }])), undefined);
  }
  async function* broken(): AsyncGenerator<Uint8Array, void> {
    yield top.subarray(0, 600);
    throw new Error('the client went away');
  }
  await assert.rejects(snapshots.receive(broken(), below), /the client went away/);
  await assert.rejects(
    snapshots.receive(pieces(Buffer.alloc(1024, 'no tar ')), below),
    /tar|header|checksum/i,
  );
  assert.deepEqual(
    readdirSync(join(root, 'layers')).filter((name) => name.startsWith('.')),
    [],
  );
  assert.deepEqual((await snapshots.layers()).toSorted(), [...chain].toSorted());
});

test('where layers are directories it is only hashed', { skip }, async (context) => {
  const [snapshots] = await openIn(context, 'directory');
  using received = await snapshots.receive(pieces(bottom), undefined);
  assert.equal(received.diffId, digestOf(bottom));
  await received.keep(digestOf(bottom));
  assert.deepEqual(await snapshots.layers(), []);
});
