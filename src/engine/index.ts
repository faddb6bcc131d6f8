/** The engine as a library: `import { Engine } from 'berth'`. */
export type { DiskUsage } from './disk-usage.ts';
export { Engine } from './engine.ts';
export type { EngineOptions } from './engine-options.ts';
