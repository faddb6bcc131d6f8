import { DEFAULT_CONFIG, DEFAULT_HOST_CONFIG, NO_LIMITS } from './defaults.ts';
import type { ContainerConfig, ContainerRecord, HostConfig, Resources } from './record.ts';
import { initialState } from './state.ts';

export const resources = (changes: Partial<Resources> = {}): Resources => ({ ...NO_LIMITS, ...changes });

export const containerConfig = (changes: Partial<ContainerConfig> = {}): ContainerConfig => ({
  ...DEFAULT_CONFIG,
  image: 'busybox',
  ...changes,
});

export const hostConfig = (changes: Partial<HostConfig> = {}): HostConfig => ({
  ...DEFAULT_HOST_CONFIG,
  ...changes,
});

export const containerRecord = (changes: Partial<ContainerRecord> = {}): ContainerRecord => ({
  id: 'a'.repeat(64),
  name: 'test',
  created: '2026-01-02T03:04:05.000000006Z',
  imageId: 'sha256:0',
  imageManifest: undefined,
  platform: 'linux',
  layers: [],
  config: containerConfig(),
  hostConfig: hostConfig(),
  endpoints: [],
  path: 'sh',
  args: [],
  mounts: [],
  driver: 'overlay2',
  logPath: '/log',
  state: initialState,
  restartCount: 0,
  stoppedByUser: false,
  execIds: [],
  ...changes,
});
