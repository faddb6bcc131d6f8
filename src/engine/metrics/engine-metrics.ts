import { type Counter, MetricRegistry, type Timer } from '#lib/metrics';

/** The counters and timers that domains keep, by dockerd's names. What can be looked up is added by the engine. */
export class EngineMetrics {
  readonly registry = new MetricRegistry();
  readonly containerActions: Timer = this.registry.timer(
    'engine_daemon_container_actions_seconds',
    'The number of seconds it takes to process each container action',
    'action',
    ['changes', 'commit', 'create', 'delete', 'start'],
  );
  readonly imageActions: Timer = this.registry.timer(
    'engine_daemon_image_actions_seconds',
    'The number of seconds it takes to process each image action',
    'action',
    ['load', 'pull', 'push'],
  );
  readonly networkActions: Timer = this.registry.timer(
    'engine_daemon_network_actions_seconds',
    'The number of seconds it takes to process each network action',
    'action',
    ['allocate', 'release'],
  );
  readonly healthChecks: Counter = this.registry.counter(
    'engine_daemon_health_checks_total',
    'The total number of health checks',
  );
  readonly healthChecksFailed: Counter = this.registry.counter(
    'engine_daemon_health_checks_failed_total',
    'The total number of failed health checks',
  );
  readonly events: Counter = this.registry.counter(
    'engine_daemon_events_total',
    'The number of events logged',
  );
}
