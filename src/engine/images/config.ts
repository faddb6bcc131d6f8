import type { Healthcheck, RunConfig } from '#oci/image';
import type { HealthcheckConfig, ImageConfig } from './image.ts';

export const EMPTY_CONFIG: ImageConfig = {
  user: '',
  exposedPorts: [],
  env: [],
  entrypoint: undefined,
  cmd: undefined,
  volumes: [],
  workingDir: '',
  labels: {},
  stopSignal: undefined,
  shell: undefined,
  healthcheck: undefined,
  onBuild: undefined,
};

/** From the `config` member of an OCI image configuration. */
export const fromRunConfig = (run: RunConfig = {}): ImageConfig => ({
  user: run.User ?? '',
  exposedPorts: Object.keys(run.ExposedPorts ?? {}),
  env: run.Env ?? [],
  entrypoint: run.Entrypoint,
  cmd: run.Cmd,
  volumes: Object.keys(run.Volumes ?? {}),
  workingDir: run.WorkingDir ?? '',
  labels: run.Labels ?? {},
  stopSignal: run.StopSignal,
  shell: run.Shell,
  healthcheck: run.Healthcheck && fromHealthcheck(run.Healthcheck),
  onBuild: run.OnBuild,
});

/** To the `config` member of an OCI image configuration: what is empty is left out. */
export const toRunConfig = (config: ImageConfig): RunConfig => ({
  ...(config.user && { User: config.user }),
  ...(config.exposedPorts.length > 0 && { ExposedPorts: keySet(config.exposedPorts) }),
  ...(config.env.length > 0 && { Env: config.env }),
  ...(config.entrypoint && { Entrypoint: config.entrypoint }),
  ...(config.cmd && { Cmd: config.cmd }),
  ...(config.volumes.length > 0 && { Volumes: keySet(config.volumes) }),
  ...(config.workingDir && { WorkingDir: config.workingDir }),
  ...(Object.keys(config.labels).length > 0 && { Labels: config.labels }),
  ...(config.stopSignal && { StopSignal: config.stopSignal }),
  ...(config.healthcheck && { Healthcheck: toHealthcheck(config.healthcheck) }),
  ...(config.onBuild && { OnBuild: config.onBuild }),
  ...(config.shell && { Shell: config.shell }),
});

const keySet = (keys: readonly string[]): Record<string, Record<string, never>> =>
  Object.fromEntries(keys.map((key) => [key, {}]));

const fromHealthcheck = (check: Healthcheck): HealthcheckConfig => ({
  test: check.Test ?? [],
  interval: check.Interval ?? 0,
  timeout: check.Timeout ?? 0,
  retries: check.Retries ?? 0,
  startPeriod: check.StartPeriod ?? 0,
  startInterval: check.StartInterval ?? 0,
});

const toHealthcheck = (check: HealthcheckConfig): Healthcheck => ({
  Test: check.test,
  ...(check.interval && { Interval: check.interval }),
  ...(check.timeout && { Timeout: check.timeout }),
  ...(check.retries && { Retries: check.retries }),
  ...(check.startPeriod && { StartPeriod: check.startPeriod }),
  ...(check.startInterval && { StartInterval: check.startInterval }),
});
