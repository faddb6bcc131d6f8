/** The engine as a library: `import { Engine } from 'berth'`. */
export type {
  Attachment,
  AttachRequest,
  ContainerConfig,
  ContainerRecord,
  ContainerStats,
  CreateRequest,
  EndpointSpec,
  ExecRequest,
  ExecSessionView,
  ExecStartOptions,
  ExitResult,
  HostConfig,
  MountSpec,
  OutputRecord,
  Resources,
  RestartPolicy,
  State,
  StopOptions,
  UpdateRequest,
  WaitCondition,
} from '#engine/containers';
export type { EngineEvent, EventQuery } from '#engine/events';
export type {
  HealthcheckConfig,
  Image,
  LoadOptions,
  Progress,
  PullOptions,
  PushOptions,
  RegistryAuth,
} from '#engine/images';
export type { LogConfig, LogEntry, ReadOptions } from '#engine/logs';
export type { CreateNetworkOptions, Network, PortBinding, Sandbox } from '#engine/networks';
export { hasContainers } from '#engine/runtime';
export type { SystemInfo } from '#engine/system';
export type { CreateVolumeOptions, Volume } from '#engine/volumes';
export { BerthError, type ErrorKind, isKind } from '#lib/errors';
export { type Logger, silentLogger } from '#lib/log';
export type { DiskUsage } from './disk-usage.ts';
export { Engine } from './engine.ts';
export { type EngineOptions, LIVE_OPTIONS, type LiveOptions } from './engine-options.ts';
export { keepInMemory, letMemoryGo } from './exec-root.ts';
