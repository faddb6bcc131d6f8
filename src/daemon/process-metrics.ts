import { readdirSync, readFileSync } from 'node:fs';
import type { monitorEventLoopDelay } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import type { MetricRegistry } from '#lib/metrics';

/** What Prometheus' clients tell of every process, and of Node's. */
export function observeProcess(
  registry: MetricRegistry,
  loopDelay: ReturnType<typeof monitorEventLoopDelay>,
): void {
  const gauge = (name: string, help: string, read: () => number) =>
    registry.observed('gauge', name, help, read);
  registry.observed(
    'counter',
    'process_cpu_seconds_total',
    'Total user and system CPU time spent in seconds.',
    () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    },
  );
  gauge('process_max_fds', 'Maximum number of open file descriptors.', maximumOfDescriptors);
  gauge('process_open_fds', 'Number of open file descriptors.', () => readdirSync('/proc/self/fd').length);
  gauge('process_resident_memory_bytes', 'Resident memory size in bytes.', () => process.memoryUsage.rss());
  const startTime = Date.now() / 1000 - process.uptime();
  gauge(
    'process_start_time_seconds',
    'Start time of the process since unix epoch in seconds.',
    () => startTime,
  );
  gauge('process_virtual_memory_bytes', 'Virtual memory size in bytes.', virtualMemory);
  gauge('nodejs_heap_size_used_bytes', 'Bytes of the heap in use.', () => process.memoryUsage().heapUsed);
  gauge(
    'nodejs_heap_size_limit_bytes',
    'Bytes that the heap may have.',
    () => getHeapStatistics().heap_size_limit,
  );
  gauge('nodejs_external_memory_bytes', 'Bytes outside the heap.', () => process.memoryUsage().external);
  gauge('nodejs_eventloop_lag_seconds', 'Mean delay of the event loop since the last look.', () => {
    const { mean } = loopDelay;
    loopDelay.reset();
    return Number.isFinite(mean) ? mean / 1e9 : 0;
  });
  registry.observed('gauge', 'nodejs_version_info', 'Node.js version info.', () => [
    { labels: { version: process.version }, value: 1 },
  ]);
}

function maximumOfDescriptors(): number {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return Number(soft ?? 0);
}

function virtualMemory(): number {
  const [, kilobytes] = /^VmSize:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes ?? 0) * 1024;
}
