import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { cancelled, notFound } from '#lib/errors';
import { hostPlatform } from '#oci/image';
import { Database } from '#store';
import type { Step } from '../step.ts';
import { BuildHistory } from './history.ts';

const root = mkdtempSync('/tmp/berth-history-');
after(() => rmSync(root, { recursive: true, force: true }));

const description = {
  name: 'app',
  dockerfile: 'Dockerfile',
  platforms: ['linux/amd64'],
  buildArgs: [],
  tags: [],
};
const step: Step = { kind: 'scratch', title: '[1/2] RUN make', lines: undefined, platform: hostPlatform() };
const nothing = { assembled: undefined, image: undefined, pushed: [] };
const open = (database: Database) => BuildHistory.open(join(root, 'logs'), database);
const open2 = (name: string) => Database.open(join(root, name));

describe('the history of builds', () => {
  it('tells how each ended and what it said, over restarts', async () => {
    using database = open2('a.db');
    const history = await open(database);
    const good = history.begin(description);
    good.add({ type: 'planned', lines: [{ text: 'RUN make', step }] });
    good.add({ type: 'started', step });
    good.add({ type: 'output', step, stream: 'stdout', data: Buffer.from('made\n') });
    good.add({ type: 'done', step, cached: false, result: '' });
    await good.complete(nothing);
    await history.begin(description).fail(notFound('no https://me:secret@host/x'));
    await history.begin(description).fail(cancelled());
    history.begin(description);
    assert.equal(history.get('').status, 'running');
    await assert.rejects(history.remove(''), /is under way/);
    const again = await open(database);
    assert.deepEqual(
      again.list().map(({ status }) => status),
      ['interrupted', 'cancelled', 'failed', 'completed'],
    );
    assert.equal(again.get('^2').error, 'no https://host/x');
    const first = again.get('^3');
    assert.deepEqual(first.steps, { total: 1, completed: 1, cached: 0 });
    const log = await Array.fromAsync(again.log(first.id.slice(0, 12)));
    assert.deepEqual(
      log.map(({ step: number, kind, text }) => [number, kind, text]),
      [
        [1, 'started', '[1/2] RUN make'],
        [1, 'output', 'made\n'],
        [1, 'done', '[1/2] RUN make'],
      ],
    );
    assert.equal(await again.remove(first.id), first.id);
    assert.throws(() => again.get(first.id), /No such build/);
    assert.throws(() => again.get('^9'), /No such build: \^9/);
  });

  it('keeps the last hundred, and of each log no more than its limit', async () => {
    using database = open2('b.db');
    const history = await open(database);
    assert.throws(() => history.get(''), /nothing was built yet/);
    const loud = history.begin(description);
    const data = Buffer.alloc(100_000, 'x');
    for (let i = 0; i < 40; i++) loud.add({ type: 'output', step, stream: 'stdout', data });
    await loud.complete(nothing);
    const log = await Array.fromAsync(history.log('^0'));
    assert.ok(log.length < 25, `${log.length} entries`);
    assert.match(log.at(-1)?.text ?? '', /the log is cut here/);
    for (let i = 0; i < 110; i++) await history.begin(description).complete(nothing);
    assert.equal(history.list().length, 100);
    const again = await open(database);
    assert.equal(again.list().length, 100);
    assert.equal(readdirSync(join(root, 'logs')).length, 100);
  });
});
