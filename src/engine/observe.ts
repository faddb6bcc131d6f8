import type { Containers, Status } from '#engine/containers';
import type { Events } from '#engine/events';
import type { EngineMetrics } from '#engine/metrics';
import type { SystemInfo } from '#engine/system';

const PREFIX = 'engine_daemon_';

/** What is looked up when somebody asks for the metrics: states, subscribers, the host. */
export function observe(
  { registry }: EngineMetrics,
  {
    containers,
    events,
    info,
  }: { readonly containers: Containers; readonly events: Events; readonly info: () => Promise<SystemInfo> },
): void {
  registry.observed(
    'gauge',
    `${PREFIX}container_states_containers`,
    'The count of containers in various states',
    () => {
      const counts = { paused: 0, running: 0, stopped: 0 };
      for (const { state } of containers.list()) counts[stateOf(state.status)]++;
      return Object.entries(counts).map(([state, value]) => ({ labels: { state }, value }));
    },
  );
  registry.observed(
    'gauge',
    `${PREFIX}events_subscribers_total`,
    'The number of current subscribers to events',
    () => events.listeners,
  );
  const fact = (name: string, help: string, read: (host: SystemInfo) => number) =>
    registry.observed('gauge', PREFIX + name, help, async () => read(await info()));
  fact('engine_cpus_cpus', 'The number of cpus that the host system of the engine has', ({ cpus }) => cpus);
  fact(
    'engine_memory_bytes',
    'The number of bytes of memory that the host system of the engine has',
    ({ memory }) => memory,
  );
}

function stateOf(status: Status): 'paused' | 'running' | 'stopped' {
  if (status === 'paused') return 'paused';
  return status === 'running' || status === 'restarting' ? 'running' : 'stopped';
}
