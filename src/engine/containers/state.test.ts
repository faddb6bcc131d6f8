import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKind } from '#lib/errors';
import { NEVER } from '#lib/time';
import type { State } from './record.ts';
import { advance, canHappen, hasProcess, initialState, isRunning, type StateEvent } from './state.ts';

const process = { pid: 42, startTime: '7', bootId: 'b' };
const at = '2026-01-02T03:04:05.000000006Z';

const events: fc.Arbitrary<StateEvent> = fc.oneof(
  fc.constant({ type: 'spawned', process, conmonPid: 41 } as const),
  fc.boolean().map((healthcheck) => ({ type: 'started', at, healthcheck }) as const),
  fc.nat(255).map((exitCode) => ({ type: 'start-failed', exitCode, error: 'no' }) as const),
  fc.constantFrom({ type: 'paused' } as const, { type: 'unpaused' } as const),
  fc.constant({ type: 'probed', health: { status: 'healthy', failingStreak: 0, log: [] } } as const),
  fc
    .tuple(fc.constantFrom('exited', 'restarting'), fc.nat(255), fc.boolean())
    .map(([type, exitCode, oomKilled]) => ({ type, exitCode, oomKilled, at }) as StateEvent),
  fc.constantFrom({ type: 'restart-cancelled' } as const, { type: 'removing' } as const),
  fc.constant({ type: 'remove-failed', error: 'busy' } as const),
);

/** Every state that some history leads to. */
const histories = fc.array(events, { maxLength: 40 }).map((history) => {
  const states: State[] = [initialState];
  for (const event of history) {
    const state = states.at(-1) ?? initialState;
    if (canHappen(state, event.type)) states.push(advance(state, event));
  }
  return states;
});

test('whatever happens, a state is consistent', () => {
  fc.assert(
    fc.property(histories, (states) => {
      for (const state of states) {
        if (hasProcess(state)) {
          assert.deepEqual(state.process, process);
          assert.equal(state.error, '');
          assert.notEqual(state.startedAt, NEVER);
        }
        assert.equal(isRunning(state), hasProcess(state) || state.status === 'restarting');
        if (state.status === 'restarting' && state.process === undefined) assert.equal(state.finishedAt, at);
        if (state.health && !hasProcess(state)) assert.equal(state.health.status, 'unhealthy');
        assert.equal(state.process === undefined, state.conmonPid === undefined);
      }
    }),
  );
});

test('an event that cannot happen is refused and named, and nothing else is', () => {
  fc.assert(
    fc.property(histories, events, (states, event) => {
      const state = states.at(-1) ?? initialState;
      if (canHappen(state, event.type)) {
        advance(state, event);
        return;
      }
      assert.throws(
        () => advance(state, event),
        (error: unknown) =>
          isKind(error, 'conflict') &&
          error.message.includes(event.type) &&
          error.message.includes(state.status),
      );
    }),
  );
});

test('advance changes nothing in place', () => {
  fc.assert(
    fc.property(histories, events, (states, event) => {
      const state = states.at(-1) ?? initialState;
      const before = structuredClone(state);
      if (canHappen(state, event.type)) advance(state, event);
      assert.deepEqual(state, before);
    }),
  );
});

const through = (...history: StateEvent[]) => history.reduce(advance, initialState);

test('a run: created, running, exited with its code', () => {
  const started = through(
    { type: 'spawned', process, conmonPid: 41 },
    { type: 'started', at, healthcheck: true },
  );
  assert.equal(started.status, 'running');
  assert.equal(started.health?.status, 'starting');
  const ended = advance(started, { type: 'exited', exitCode: 137, oomKilled: true, at });
  assert.deepEqual(
    [ended.status, ended.exitCode, ended.oomKilled, ended.finishedAt, ended.process],
    ['exited', 137, true, at, undefined],
  );
});

test('a first start that fails leaves the container created, a later one exited', () => {
  const failure = { type: 'start-failed', exitCode: 127, error: 'not found' } as const;
  const first = through({ type: 'spawned', process, conmonPid: 41 }, failure);
  assert.deepEqual(
    [first.status, first.exitCode, first.error, first.process],
    ['created', 127, 'not found', undefined],
  );
  const later = through(
    { type: 'spawned', process, conmonPid: 41 },
    { type: 'started', at, healthcheck: false },
    { type: 'exited', exitCode: 0, oomKilled: false, at },
    failure,
  );
  assert.equal(later.status, 'exited');
});

test('a start clears what the last run left', () => {
  const again = through(
    { type: 'start-failed', exitCode: 127, error: 'not found' },
    { type: 'spawned', process, conmonPid: 41 },
    { type: 'started', at, healthcheck: false },
  );
  assert.deepEqual([again.exitCode, again.error, again.health], [0, '', undefined]);
});
