import type { HealthState, State } from '#engine/containers';
import { humanDuration } from '#lib/durations';
import { NEVER } from '#lib/time';
import type { ContainerState, Health } from '#protocol';

export function containerState(state: State): ContainerState {
  const { status } = state;
  const running = isRunning(state);
  return {
    Status: status,
    Running: running,
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: status === 'dead',
    Pid: running ? (state.process?.pid ?? 0) : 0,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
    ...(state.health && state.health.status !== 'none' && { Health: health(state.health) }),
  };
}

/** Docker counts a container that waits for its next start as running. */
export const isRunning = ({ status }: State): boolean =>
  status === 'running' || status === 'paused' || status === 'restarting';

const health = (state: HealthState): Health => ({
  Status: state.status,
  FailingStreak: state.failingStreak,
  Log: state.log.map(({ start, end, exitCode, output }) => ({
    Start: start,
    End: end,
    ExitCode: exitCode,
    Output: output,
  })),
});

/** The STATUS column of `docker ps`; `now` in milliseconds. */
export function statusText(state: State, now = Date.now()): string {
  const age = (time: string) => humanDuration(Math.max(0, now - Date.parse(time)));
  switch (state.status) {
    case 'paused':
      return `Up ${age(state.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exitCode}) ${age(state.finishedAt)} ago`;
    case 'running':
      return `Up ${age(state.startedAt)}${healthText(state.health)}`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    case 'exited':
      return state.finishedAt === NEVER ? '' : `Exited (${state.exitCode}) ${age(state.finishedAt)} ago`;
  }
}

function healthText(state: HealthState | undefined): string {
  if (!state || state.status === 'none') return '';
  return state.status === 'starting' ? ' (health: starting)' : ` (${state.status})`;
}
