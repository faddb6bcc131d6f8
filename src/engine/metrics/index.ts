/** What the engine counts and times, under dockerd's names. */
export { EngineMetrics } from './engine-metrics.ts';
