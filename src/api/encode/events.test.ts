import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventMessage } from './events.ts';

const event = {
  type: 'container',
  action: 'start',
  actor: { id: 'c', attributes: { image: 'busybox' } },
  time: 1_767_225_600_123_456_789n,
} as const;

test('the nanoseconds are exact', () => {
  const text = eventMessage(event, { legacy: false });
  assert.match(text, /"time":1767225600,"timeNano":1767225600123456789\}$/);
  assert.equal('status' in (JSON.parse(text) as object), false);
});

test('older clients read status, id and from', () => {
  const { status, id, from } = JSON.parse(eventMessage(event, { legacy: true })) as Record<string, string>;
  assert.deepEqual([status, id, from], ['start', 'c', 'busybox']);
});
