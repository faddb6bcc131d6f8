import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { isKind, messageOf } from '#lib/errors';
import { shortId } from '#lib/ids';
import { dockerArchive, layerOf, openFixture } from './images.fixture.ts';

/** One image under the given tags, and containers that hold it. */
async function oneImage(context: TestContext, ...tags: string[]) {
  const containers: { containerId: string; running: boolean }[] = [];
  let used = '';
  const fixture = await openFixture(context, (id) => (id === used ? containers : []));
  await fixture.load(dockerArchive([{ tags, layers: [layerOf('x')] }]));
  const [image] = fixture.images.list();
  assert.ok(image);
  used = image.id;
  const refusal = async (name: string, force = false): Promise<string> => {
    try {
      await fixture.images.remove(name, { force });
    } catch (error) {
      assert.ok(isKind(error, 'conflict'), messageOf(error));
      return error.message;
    }
    throw new Error(`${name} was removed`);
  };
  return { ...fixture, containers, id: image.id, short: shortId(image.id), refusal };
}

const stopped = { containerId: 'a'.repeat(64), running: false };
const running = { containerId: 'b'.repeat(64), running: true };

test('one of several tags is only untagged', async (context) => {
  const { images, containers, events } = await oneImage(context, 'a:1', 'b:1');
  containers.push(running);
  assert.deepEqual(await images.remove('a:1', {}), [{ untagged: 'a:1' }]);
  assert.deepEqual(images.get('b:1').tags, ['b:1']);
  assert.ok((await events()).at(-1)?.startsWith('untag sha256:'));
});

test('the last tag of an image that a container uses needs force, and then only the tag goes', async (context) => {
  const { images, containers, id, short, refusal } = await oneImage(context, 'a:1');
  containers.push(running);
  assert.equal(
    await refusal('a:1'),
    `conflict: unable to remove repository reference "a:1" (must force) - container bbbbbbbbbbbb is using its referenced image ${short}`,
  );
  assert.deepEqual(await images.remove('a:1', { force: true }), [{ untagged: 'a:1' }]);
  assert.deepEqual(images.get(id).tags, []);
});

test('by id, a running container cannot be overridden, a stopped one can', async (context) => {
  const { images, containers, id, short, refusal } = await oneImage(context, 'a:1');
  containers.push(running);
  const hard = `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container bbbbbbbbbbbb`;
  assert.equal(await refusal(id), hard);
  assert.equal(await refusal(short, true), hard);
  assert.deepEqual(images.get(id).tags, ['a:1']);
  containers.splice(0, 1, stopped);
  assert.equal(
    await refusal(id),
    `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container aaaaaaaaaaaa`,
  );
  const removed = await images.remove(id, { force: true });
  assert.deepEqual(removed.slice(0, 2), [{ untagged: 'a:1' }, { deleted: id }]);
  assert.deepEqual(images.list(), []);
});

test('by id, several repositories need force', async (context) => {
  const { images, id, short, refusal } = await oneImage(context, 'a:1', 'b:1');
  assert.equal(
    await refusal(id),
    `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
  );
  const removed = await images.remove(id, { force: true });
  assert.deepEqual(removed.slice(0, 3), [{ untagged: 'a:1' }, { untagged: 'b:1' }, { deleted: id }]);
});

test('an image that others were made from goes with the last of them', async (context) => {
  const { images, id, short, refusal, leftOvers } = await oneImage(context, 'a:1');
  const child = await images.commit({
    parent: 'a:1',
    layer: Readable.from([layerOf('y')]),
    config: images.get(id).config,
    author: 'me',
    comment: 'more',
    createdBy: 'sh',
    reference: 'child:1',
  });
  assert.equal(child.parent, id);
  assert.deepEqual(child.layers[0], images.get(id).layers[0]);
  assert.deepEqual(
    images.history('child:1').map((step) => [step.id, step.createdBy, step.comment, step.size]),
    [[child.id, 'sh', 'more', 1]],
  );
  assert.equal(
    await refusal(id, true),
    `conflict: unable to delete ${short} (cannot be forced) - image has dependent child images`,
  );
  assert.deepEqual(await images.remove('a:1', {}), [{ untagged: 'a:1' }]);
  const removed = await images.remove('child:1', {});
  assert.deepEqual(
    removed.map(({ untagged, deleted }) => untagged ?? deleted),
    ['child:1', child.id, child.layers[1]?.chainId, id, child.layers[0]?.chainId],
  );
  assert.deepEqual(await leftOvers(), { blobs: 0, layers: 0, temporary: 0 });
});

test('pruning takes the nameless, or all that nobody uses, within its filters', async (context) => {
  const { images, load, containers, id } = await oneImage(context, 'used:1');
  const image = (tag: string, created: string, labels: Record<string, string> = {}) =>
    load(
      dockerArchive([{ tags: [tag], layers: [layerOf(created + tag)], created, config: { Labels: labels } }]),
    );
  await image('moving:1', '2020-01-01T00:00:00Z');
  const nameless = images.get('moving:1').id;
  await image('moving:1', '2021-01-01T00:00:00Z', { keep: 'yes' });
  await image('young:1', '2023-01-01T00:00:00Z');
  containers.push(stopped);
  const nothing = await images.prune({ dangling: true, until: 0n });
  assert.deepEqual(nothing, { removed: [], reclaimed: 0 });
  const told = await images.prune({ dangling: true, dryRun: true });
  assert.ok(images.get(nameless));
  const dangling = await images.prune({ dangling: true });
  assert.deepEqual(told, dangling);
  assert.deepEqual(dangling.removed[0], { deleted: nameless });
  assert.equal(dangling.reclaimed, '2020-01-01T00:00:00Zmoving:1'.length);
  const until = BigInt(Date.parse('2022-01-01T00:00:00Z')) * 1_000_000n;
  await images.prune({ dangling: false, until, matchesLabels: (labels) => labels.keep === undefined });
  assert.equal(images.list().length, 3);
  await images.prune({ dangling: false, until });
  assert.deepEqual(
    images.list().flatMap(({ tags }) => tags),
    ['used:1', 'young:1'],
  );
  await images.prune({ dangling: false });
  assert.deepEqual(
    images.list().map((left) => left.id),
    [id],
  );
});
