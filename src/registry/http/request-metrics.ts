import { MetricRegistry, type Timer } from '#lib/metrics';
import type { Collected } from '../collection/collect.ts';
import type { Registry } from '../registry.ts';

interface Served {
  readonly kind: string;
  readonly method: string;
  readonly status: number;
  readonly seconds: number;
  readonly received: number;
  readonly sent: number;
}

/** What a registry does, for Prometheus. */
export class RequestMetrics {
  readonly #registry = new MetricRegistry();
  readonly #counts = new Map<string, { labels: Record<string, string>; value: number }>();
  readonly #seconds: Timer;
  #received = 0;
  #sent = 0;

  constructor(registry: Registry) {
    this.#seconds = this.#registry.timer(
      'berth_registry_request_seconds',
      'Time from a request to the end of its answer',
      'kind',
      [],
    );
    const observed = this.#registry.observed.bind(this.#registry);
    observed('counter', 'berth_registry_requests_total', 'Requests that were answered', () => [
      ...this.#counts.values(),
    ]);
    observed(
      'counter',
      'berth_registry_received_bytes_total',
      'Bytes of request bodies',
      () => this.#received,
    );
    observed('counter', 'berth_registry_sent_bytes_total', 'Bytes of answers', () => this.#sent);
    observed('gauge', 'berth_registry_uploads', 'Uploads under way', () => registry.uploads.count);
    observed(
      'gauge',
      'berth_registry_repositories',
      'Repositories',
      async () => (await registry.catalogue.repositories.list([])).length,
    );
    observed('gauge', 'berth_registry_quota_bytes', 'Bytes of quotas, used and allowed', () =>
      registry.quotas.accounts().flatMap(({ name, used, limit }) => [
        { labels: { quota: name, state: 'used' }, value: used },
        { labels: { quota: name, state: 'limit' }, value: limit },
      ]),
    );
    const collected = (name: keyof Collected) => () => registry.collected[name];
    observed('counter', 'berth_registry_collected_bytes_total', 'Bytes of removed blobs', collected('bytes'));
    observed(
      'counter',
      'berth_registry_collected_blobs_total',
      'Blobs that were removed',
      collected('blobs'),
    );
  }

  count({ kind, method, status, seconds, received, sent }: Served): void {
    const labels = { kind, method, status: String(status) };
    const key = `${kind} ${method} ${status}`;
    const known = this.#counts.get(key) ?? { labels, value: 0 };
    known.value++;
    this.#counts.set(key, known);
    this.#seconds.observe(kind, seconds);
    this.#received += received;
    this.#sent += sent;
  }

  exposition(): Promise<string> {
    return this.#registry.exposition();
  }
}
