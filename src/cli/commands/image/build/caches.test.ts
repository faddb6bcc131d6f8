import assert from 'node:assert/strict';
import { it } from 'node:test';
import { planCaches, withOthers } from './caches.ts';

const entry = (tag: string, digest: string) => ({
  digest,
  annotations: { 'org.opencontainers.image.ref.name': tag },
});
const index = (...manifests: readonly object[]): string => JSON.stringify({ schemaVersion: 2, manifests });

it('a directory of caches keeps those under other tags', () => {
  const before = index(entry('a', '1'), entry('b', '2'));
  assert.deepEqual(
    JSON.parse(withOthers(index(entry('a', '3')), before)),
    JSON.parse(index(entry('a', '3'), entry('b', '2'))),
  );
  for (const broken of ['', '{', 'null', '[]', '{}'])
    assert.deepEqual(
      JSON.parse(withOthers(index(entry('a', '3')), broken)),
      JSON.parse(index(entry('a', '3'))),
    );
});

it('what is said becomes what the daemon knows; a directory that is not there is told of', async () => {
  const told: string[] = [];
  const warn = (text: string): number => told.push(text);
  const sources = ['one:1,two:2', 'type=registry,ref=x', 'type=local,src=/nowhere'];
  const { imports, exports } = await planCaches(sources, ['inline', 'x:1'], warn);
  assert.deepEqual(JSON.parse(imports ?? ''), [
    { Type: 'image', Attrs: { ref: 'one:1' } },
    { Type: 'image', Attrs: { ref: 'two:2' } },
    { Type: 'registry', Attrs: { ref: 'x' } },
  ]);
  assert.deepEqual(JSON.parse(exports ?? ''), [
    { Type: 'inline', Attrs: {} },
    { Type: 'registry', Attrs: { ref: 'x:1' } },
  ]);
  assert.match(told.join(), /the cache \/nowhere is not used/);
  await assert.rejects(planCaches(['src=x'], [], warn), /type is required/);
});
