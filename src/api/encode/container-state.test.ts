import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { State } from '#engine/containers';
import { NEVER } from '#lib/time';
import { containerState, statusText } from './container-state.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const state = (changes: Partial<State>): State => ({
  status: 'running',
  exitCode: 0,
  error: '',
  oomKilled: false,
  startedAt: '2026-01-01T00:07:00Z',
  finishedAt: NEVER,
  health: undefined,
  process: { pid: 7, startTime: '1', bootId: 'b' },
  conmonPid: 6,
  ...changes,
});
const health = (status: 'starting' | 'healthy' | 'unhealthy' | 'none') => ({
  status,
  failingStreak: 0,
  log: [],
});
const finished = { finishedAt: '2026-01-01T00:09:57Z', process: undefined } as const;

for (const [changes, text] of [
  [{}, 'Up 3 minutes'],
  [{ health: health('starting') }, 'Up 3 minutes (health: starting)'],
  [{ health: health('unhealthy') }, 'Up 3 minutes (unhealthy)'],
  [{ health: health('none') }, 'Up 3 minutes'],
  [{ status: 'paused' }, 'Up 3 minutes (Paused)'],
  [{ status: 'created', startedAt: NEVER }, 'Created'],
  [{ status: 'exited', exitCode: 137, ...finished }, 'Exited (137) 3 seconds ago'],
  [{ status: 'restarting', exitCode: 1, ...finished }, 'Restarting (1) 3 seconds ago'],
  [{ status: 'removing' }, 'Removal In Progress'],
  [{ status: 'dead' }, 'Dead'],
] as const) {
  test(text, () => assert.equal(statusText(state(changes), now), text));
}

test('a stopped container has no pid, a paused one runs', () => {
  assert.equal(containerState(state({ status: 'exited' })).Pid, 0);
  const paused = containerState(state({ status: 'paused' }));
  assert.deepEqual([paused.Running, paused.Paused, paused.Pid], [true, true, 7]);
});

test('health is there only where there is a check', () => {
  assert.equal(containerState(state({})).Health, undefined);
  assert.equal(containerState(state({ health: health('none') })).Health, undefined);
  assert.equal(containerState(state({ health: health('healthy') })).Health?.Status, 'healthy');
});
