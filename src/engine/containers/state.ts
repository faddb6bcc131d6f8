import { conflict } from '#lib/errors';
import { NEVER } from '#lib/time';
import type { ProcessIdentity } from '#linux/process';
import type { HealthState, State, Status } from './record.ts';

/** What happens to a container. `at` is RFC 3339 with nanoseconds. */
export type StateEvent =
  /** The runtime made the process; it waits for its start. */
  | { readonly type: 'spawned'; readonly process: ProcessIdentity; readonly conmonPid: number }
  | { readonly type: 'started'; readonly at: string; readonly healthcheck: boolean }
  | { readonly type: 'start-failed'; readonly exitCode: number; readonly error: string }
  | { readonly type: 'paused' }
  | { readonly type: 'unpaused' }
  | { readonly type: 'probed'; readonly health: HealthState }
  /** It ended and stays down. */
  | { readonly type: 'exited'; readonly exitCode: number; readonly oomKilled: boolean; readonly at: string }
  /** It ended and its restart policy will start it again. */
  | {
      readonly type: 'restarting';
      readonly exitCode: number;
      readonly oomKilled: boolean;
      readonly at: string;
    }
  /** Somebody stopped it while it waited for its restart. */
  | { readonly type: 'restart-cancelled' }
  | { readonly type: 'removing' }
  | { readonly type: 'remove-failed'; readonly error: string };

export const initialState: State = {
  status: 'created',
  exitCode: 0,
  error: '',
  oomKilled: false,
  startedAt: NEVER,
  finishedAt: NEVER,
  health: undefined,
  process: undefined,
  conmonPid: undefined,
};

/** In which states an event may happen; everything else is a mistake of the caller. */
const ALLOWED: Readonly<Record<StateEvent['type'], readonly Status[]>> = {
  spawned: ['created', 'exited', 'restarting'],
  started: ['created', 'exited', 'restarting'],
  'start-failed': ['created', 'exited', 'restarting'],
  paused: ['running'],
  unpaused: ['paused'],
  probed: ['running', 'paused'],
  exited: ['created', 'exited', 'restarting', 'running', 'paused'],
  restarting: ['running', 'paused'],
  'restart-cancelled': ['restarting'],
  removing: ['created', 'exited', 'dead'],
  'remove-failed': ['removing'],
};

/** A process of the container may exist: it has to be signalled, adopted or settled. */
export const hasProcess = (state: State): boolean => state.status === 'running' || state.status === 'paused';

/** Docker's `State.Running`: a container that waits for its restart counts as running. */
export const isRunning = (state: State): boolean => hasProcess(state) || state.status === 'restarting';

export const canHappen = (state: State, type: StateEvent['type']): boolean => {
  if (!ALLOWED[type].includes(state.status)) return false;
  if (type === 'started') return state.process !== undefined;
  if (type === 'spawned') return state.process === undefined;
  // Only a start that was half done when the daemon died ends without having been recorded as running.
  if (type === 'exited' && !hasProcess(state)) return state.process !== undefined;
  return true;
};

/**
 * The state after an event. Pure; the only maker of states.
 * @throws conflict when the event cannot happen in this state
 */
export function advance(state: State, event: StateEvent): State {
  if (!canHappen(state, event.type)) {
    throw conflict(`container is ${state.status}: ${event.type} is not possible`);
  }
  switch (event.type) {
    case 'spawned':
      return { ...state, process: event.process, conmonPid: event.conmonPid };
    case 'started':
      return {
        ...state,
        status: 'running',
        exitCode: 0,
        error: '',
        oomKilled: false,
        startedAt: event.at,
        health: event.healthcheck ? { status: 'starting', failingStreak: 0, log: [] } : undefined,
      };
    case 'start-failed':
      return {
        ...withoutProcess(state),
        status: state.status === 'created' ? 'created' : 'exited',
        exitCode: event.exitCode,
        error: event.error,
      };
    case 'paused':
      return { ...state, status: 'paused' };
    case 'unpaused':
      return { ...state, status: 'running' };
    case 'probed':
      return { ...state, health: event.health };
    case 'exited':
    case 'restarting':
      return {
        ...withoutProcess(state),
        status: event.type,
        exitCode: event.exitCode,
        oomKilled: event.oomKilled,
        finishedAt: event.at,
        startedAt: state.startedAt === NEVER ? event.at : state.startedAt,
      };
    case 'restart-cancelled':
      return { ...state, status: 'exited' };
    case 'removing':
      return { ...state, status: 'removing' };
    case 'remove-failed':
      return { ...state, status: 'dead', error: event.error };
  }
}

/** Nobody probes a container without a process; Docker calls such a one unhealthy. */
const withoutProcess = (state: State): State => ({
  ...state,
  process: undefined,
  conmonPid: undefined,
  health: state.health && { ...state.health, status: 'unhealthy' },
});
