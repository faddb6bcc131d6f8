import type { ContainerConfig } from '#engine/containers';
import type { HealthcheckConfig } from '#engine/images';
import type { HealthConfig, Nullable, ContainerConfig as WireConfig } from '#protocol';

export function containerConfig(config: ContainerConfig): Nullable<WireConfig> {
  return {
    Hostname: config.hostname,
    Domainname: config.domainname,
    User: config.user,
    AttachStdin: config.attachStdin,
    AttachStdout: config.attachStdout,
    AttachStderr: config.attachStderr,
    ...(config.exposedPorts.length > 0 && { ExposedPorts: keySet(config.exposedPorts) }),
    Tty: config.tty,
    OpenStdin: config.openStdin,
    StdinOnce: config.stdinOnce,
    Env: config.env,
    Cmd: config.cmd ?? null,
    ...(config.healthcheck && { Healthcheck: healthcheck(config.healthcheck) }),
    Image: config.image,
    Volumes: config.volumes.length > 0 ? keySet(config.volumes) : null,
    WorkingDir: config.workingDir,
    Entrypoint: config.entrypoint ?? null,
    ...(config.networkDisabled && { NetworkDisabled: true }),
    OnBuild: config.onBuild ?? null,
    Labels: config.labels,
    ...(config.stopSignal && { StopSignal: config.stopSignal }),
    ...(config.stopTimeout !== undefined && { StopTimeout: config.stopTimeout }),
    ...(config.shell && { Shell: config.shell }),
  };
}

export function healthcheck(config: HealthcheckConfig): HealthConfig {
  return {
    ...(config.test.length > 0 && { Test: config.test }),
    ...(config.interval > 0 && { Interval: config.interval }),
    ...(config.timeout > 0 && { Timeout: config.timeout }),
    ...(config.startPeriod > 0 && { StartPeriod: config.startPeriod }),
    ...(config.startInterval > 0 && { StartInterval: config.startInterval }),
    ...(config.retries > 0 && { Retries: config.retries }),
  };
}

/** Go's `map[string]struct{}`. */
export const keySet = (keys: readonly string[]): Record<string, Record<string, never>> =>
  Object.fromEntries(keys.map((key) => [key, {}]));
