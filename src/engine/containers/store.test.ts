import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Events } from '#engine/events';
import { isKind } from '#lib/errors';
import { Database } from '#store';
import { containerRecord } from './records.fixture.ts';
import { ContainerStore } from './store.ts';

const names = { changed: () => {}, gone: () => {} };
let database: Database;
let store: ContainerStore;
beforeEach(() => {
  database = Database.open(':memory:');
  store = new ContainerStore(database, new Events(database), names);
});

const id = (digit: string, tail = '0') => digit.repeat(63) + tail;
const insert = (containerId: string, name: string) => {
  using _ = store.reserve(name, containerId);
  store.insert(containerRecord({ id: containerId, name }));
};

test('found by id, name with or without slash, and unambiguous prefix', () => {
  insert(id('a'), 'web');
  insert(id('a', '1'), 'db');
  insert(id('b'), 'aaa');
  for (const reference of [id('a'), 'web', '/web']) assert.equal(store.get(reference).name, 'web');
  assert.equal(store.get('b').name, 'aaa');
  assert.equal(store.get('aaa').name, 'aaa', 'a name goes before a prefix');
  assert.throws(
    () => store.get('aa'),
    (error: unknown) =>
      isKind(error, 'invalid') && error.message === 'Multiple IDs found with provided prefix: aa',
  );
  for (const reference of ['nope', 'c', '/']) {
    assert.throws(
      () => store.get(reference),
      (error: unknown) => isKind(error, 'not-found') && error.message === `No such container: ${reference}`,
    );
  }
  assert.throws(
    () => store.get(''),
    (error: unknown) => isKind(error, 'invalid') && error.message === 'invalid name or ID supplied: ""',
  );
});

test('a name is taken from its reservation on, and free again when nothing came of it', () => {
  {
    using _ = store.reserve('web', id('a'));
    assert.throws(
      () => store.reserve('web', id('b')),
      (error: unknown) =>
        isKind(error, 'conflict') &&
        error.message ===
          `Conflict. The container name "/web" is already in use by container "${id('a')}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
    assert.throws(() => store.get('web'), /No such container/);
  }
  insert(id('b'), 'web');
  assert.throws(() => store.reserve('web', id('c')), /already in use/);
  const record = store.get('web');
  {
    using _ = store.reserve('site', record.id);
    store.save({ ...record, name: 'site' });
  }
  assert.equal(store.get('site').id, record.id);
  store.reserve('web', id('c'))[Symbol.dispose]();
  store.delete(store.get('site'), []);
  store.reserve('site', id('c'))[Symbol.dispose]();
});

test('what was saved is there for the next engine, exec ids are not', () => {
  insert(id('a'), 'web');
  store.remember({ ...store.get('web'), execIds: ['x'] });
  store.save({ ...store.get('web'), restartCount: 3 });
  const next = new ContainerStore(database, new Events(database), names);
  assert.deepEqual([next.get('web').restartCount, next.get('web').execIds], [3, []]);
  store.delete(store.get('web'), []);
  assert.deepEqual(new ContainerStore(database, new Events(database), names).all(), []);
});

test('a change that the database refuses is not remembered', () => {
  insert(id('a'), 'web');
  insert(id('b'), 'db');
  assert.throws(
    () => store.save({ ...store.get('db'), name: 'web' }),
    (error: unknown) => isKind(error, 'conflict'),
  );
  assert.equal(store.get('db').id, id('b'));
  assert.equal(store.get('web').id, id('a'));
});

test('volumes without an owner are known until they are settled', () => {
  store.noteVolumes(id('a'), ['v1']);
  assert.deepEqual(store.looseVolumes(), [{ id: id('a'), names: ['v1'] }]);
  insert(id('a'), 'web');
  assert.deepEqual(store.looseVolumes(), [], 'the record owns them');
  store.delete(store.get('web'), ['v1']);
  assert.deepEqual(store.looseVolumes(), [{ id: id('a'), names: ['v1'] }]);
  store.settleVolumes(id('a'));
  assert.deepEqual(store.looseVolumes(), []);
});
