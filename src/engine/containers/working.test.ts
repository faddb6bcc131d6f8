import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_CONFIG } from '#engine/images';
import { isKind } from '#lib/errors';
import { without } from './configure-working.ts';
import { containerRecord } from './records.fixture.ts';
import { checkTicket, workingName } from './working.ts';

test('a working container is called after its image', () => {
  const taken = new Set(['app-working-container', 'app-working-container-1']);
  const name = (image: string) => workingName(image, (candidate) => taken.has(candidate));
  assert.equal(name('busybox'), 'busybox-working-container');
  assert.equal(name('scratch'), 'scratch-working-container');
  assert.equal(name('example.com:5000/team/app:1'), 'app-working-container-2');
  assert.equal(name(`team/tool@sha256:${'0'.repeat(64)}`), 'tool-working-container');
  assert.equal(name(`sha256:${'ab'.repeat(32)}`), 'abababababab-working-container');
});

test('only the ticket of the last command starts it', () => {
  const record = containerRecord({ working: { config: EMPTY_CONFIG, mountPoints: [], ticket: 'mine' } });
  const refused = (error: unknown) => isKind(error, 'conflict');
  checkTicket(record, 'mine');
  checkTicket(containerRecord({}), undefined);
  assert.throws(() => checkTicket(record, 'other'), refused);
  assert.throws(() => checkTicket(record), refused);
  assert.throws(
    () => checkTicket(containerRecord({ working: { config: EMPTY_CONFIG, mountPoints: [] } })),
    refused,
  );
});

test('names are taken out, or all of them', () => {
  const config = {
    ...EMPTY_CONFIG,
    env: ['A=1', 'AB=2'],
    labels: { a: '1', b: '2' },
    exposedPorts: ['80/tcp', '80/udp'],
    volumes: ['/a', '/b'],
  };
  const left = without(config, { env: ['A'], labels: ['b'], exposedPorts: ['80'], volumes: ['/b'] });
  assert.deepEqual(left.env, ['AB=2']);
  assert.deepEqual(left.labels, { a: '1' });
  assert.deepEqual(left.exposedPorts, ['80/udp']);
  assert.deepEqual(left.volumes, ['/a']);
  const all = { env: ['*'], labels: ['*'], exposedPorts: ['*'], volumes: ['*'] };
  assert.deepEqual(without(config, all), EMPTY_CONFIG);
});
