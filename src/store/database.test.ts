import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { isKind } from '#lib/errors';
import { Database } from '#store';

const folder = mkdtempSync(join(tmpdir(), 'berth-store-'));
after(() => rmSync(folder, { recursive: true }));

test('records keep their order of insertion and survive a new connection', () => {
  const path = join(folder, 'order.db');
  {
    using database = Database.open(path);
    const records = database.records<{ value: number }>('things');
    records.put('b', { value: 1 });
    records.put('a', { value: 2 });
    records.put('b', { value: 3 });
  }
  assert.equal(statSync(path).mode & 0o777, 0o600);
  using database = Database.open(path);
  const records = database.records<{ value: number }>('things');
  assert.deepEqual(records.all(), [
    { id: 'b', record: { value: 3 } },
    { id: 'a', record: { value: 2 } },
  ]);
  assert.deepEqual(records.get('a'), { value: 2 });
  assert.equal(records.delete('a'), true);
  assert.equal(records.delete('a'), false);
  assert.equal(records.get('a'), undefined);
});

test('a unique clash is a conflict, and a record may keep its own value', () => {
  using database = Database.open(':memory:');
  const records = database.records<{ name: string | null }>('named', { unique: { name: '$.name' } });
  records.put('1', { name: 'web' });
  records.put('1', { name: 'web' });
  assert.throws(
    () => records.put('2', { name: 'web' }),
    (error) => isKind(error, 'conflict'),
  );
  records.put('2', { name: null });
  records.put('3', { name: null });
});

test('a transaction rolls back whole, a nested one alone, and announces only what was committed', () => {
  using database = Database.open(':memory:');
  const records = database.records<{ n: number }>('things');
  const announced: string[] = [];
  const boom = new Error('boom');
  const failing = () =>
    database.transaction(() => {
      records.put('gone', { n: 1 });
      database.afterCommit(() => announced.push('gone'));
      throw boom;
    });
  assert.throws(failing, boom);
  assert.equal(records.get('gone'), undefined);

  database.transaction(() => {
    records.put('kept', { n: 2 });
    database.afterCommit(() => announced.push('kept'));
    assert.throws(failing, boom);
    assert.deepEqual(announced, []);
  });
  assert.deepEqual(announced, ['kept']);
  assert.deepEqual(
    records.all().map(({ id }) => id),
    ['kept'],
  );
  database.afterCommit(() => announced.push('at once'));
  assert.deepEqual(announced, ['kept', 'at once']);
});

test('a transaction that would have to wait is refused', () => {
  using database = Database.open(':memory:');
  const records = database.records<{ n: number }>('things');
  const late = () =>
    database.transaction(() => {
      records.put('x', { n: 1 });
      return Promise.resolve();
    });
  assert.throws(late, /cannot wait/);
  assert.equal(records.get('x'), undefined);
});

test('a journal keeps the last entries', () => {
  using database = Database.open(':memory:');
  const journal = database.journal<{ n: number }>('log', 3);
  for (let n = 1; n <= 5; n++) journal.append({ n });
  assert.deepEqual(journal.all(), [{ n: 3 }, { n: 4 }, { n: 5 }]);
});

test('a database of a newer Berth is refused by name', () => {
  const path = join(folder, 'newer.db');
  const newer = new DatabaseSync(path);
  newer.exec('PRAGMA user_version = 999');
  newer.close();
  assert.throws(() => Database.open(path), /newer\.db was written by a newer Berth/);
});
