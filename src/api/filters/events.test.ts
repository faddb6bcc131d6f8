import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineEvent } from '#engine/events';
import { eventFilter } from './events.ts';

const event: EngineEvent = {
  type: 'container',
  action: 'health_status: healthy',
  actor: { id: 'abcdef', attributes: { name: 'web', image: 'localhost:5000/app:1', tier: 'x' } },
  time: 1n,
};

for (const [filters, expected] of [
  [{}, true],
  [{ event: ['health_status'] }, true],
  [{ event: ['health_status: healthy'] }, true],
  [{ event: ['health_status: starting'] }, false],
  [{ type: ['container', 'image'] }, true],
  [{ type: ['image'] }, false],
  [{ container: ['web'] }, true],
  [{ container: ['abc'] }, true],
  [{ container: ['bc'] }, false],
  [{ container: [''] }, false],
  [{ volume: ['web'] }, false],
  [{ image: ['localhost:5000/app:1'] }, true],
  [{ image: ['localhost:5000/app'] }, true],
  [{ image: ['app'] }, false],
  [{ label: ['tier=x'] }, true],
  [{ scope: ['swarm'] }, false],
] as const) {
  test(`${JSON.stringify(filters)} -> ${expected}`, () => {
    assert.equal(eventFilter(new Map(Object.entries(filters)))(event), expected);
  });
}
