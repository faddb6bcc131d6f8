/** Docker's Engine API as it is on the wire, shared by the server and its clients. */
export * from './build.ts';
export * from './checkpoints.ts';
export * from './container-config.ts';
export * from './containers.ts';
export type * from './errors.ts';
export type * from './events.ts';
export * from './exec.ts';
export * from './filters.ts';
export * from './frames.ts';
export * from './headers.ts';
export type { HostConfig, Mount, PortBinding, Resources } from './host-config.ts';
export * from './images.ts';
export * from './networks.ts';
export { type Schema, SchemaError, type Static } from './schema.ts';
export type * from './stats.ts';
export * from './system.ts';
export * from './versions.ts';
export * from './volumes.ts';
