import type { ContainerConfig, CreateRequest, EndpointSpec } from '#engine/containers';
import type { HealthcheckConfig } from '#engine/images';
import type { ContainerCreateRequest, HealthConfig, ContainerConfig as WireConfig } from '#protocol';
import { hostConfig, networkName } from './host-config.ts';
import { endpointSpec } from './networks.ts';
import { exposedPorts } from './ports.ts';

/** @throws invalid, unsupported */
export function createRequest(
  wire: ContainerCreateRequest,
  options: { readonly name: string; readonly platform: string; readonly readOnlyNonRecursive?: boolean },
): CreateRequest {
  const host = hostConfig(wire.HostConfig ?? {});
  return {
    ...(options.name && { name: options.name }),
    ...(options.platform && { platform: options.platform }),
    config: containerConfig(wire),
    hostConfig: host,
    endpoints: endpoints(wire),
    ...(options.readOnlyNonRecursive && { readOnlyNonRecursive: true }),
  };
}

/** @throws invalid */
export function containerConfig(wire: WireConfig): ContainerConfig {
  return {
    hostname: wire.Hostname ?? '',
    domainname: wire.Domainname ?? '',
    user: wire.User ?? '',
    attachStdin: wire.AttachStdin ?? false,
    attachStdout: wire.AttachStdout ?? false,
    attachStderr: wire.AttachStderr ?? false,
    tty: wire.Tty ?? false,
    openStdin: wire.OpenStdin ?? false,
    stdinOnce: wire.StdinOnce ?? false,
    env: wire.Env ?? [],
    cmd: wire.Cmd,
    entrypoint: wire.Entrypoint,
    image: wire.Image ?? '',
    exposedPorts: exposedPorts(wire.ExposedPorts ?? {}),
    volumes: Object.keys(wire.Volumes ?? {}),
    workingDir: wire.WorkingDir ?? '',
    labels: wire.Labels ?? {},
    healthcheck: wire.Healthcheck && healthcheck(wire.Healthcheck),
    stopSignal: wire.StopSignal || undefined,
    stopTimeout: wire.StopTimeout,
    shell: wire.Shell,
    onBuild: wire.OnBuild,
    networkDisabled: wire.NetworkDisabled ?? false,
  };
}

/** A configuration to lay over another one, as commit takes it: only what was given. @throws invalid */
export function configChanges(wire: WireConfig): Partial<ContainerConfig> {
  const whole = Object.entries(containerConfig(wire));
  return Object.fromEntries(
    whole.filter(([, value]) => {
      if (value === undefined || value === '' || value === false) return false;
      return typeof value !== 'object' || Object.keys(value).length > 0;
    }),
  );
}

function healthcheck(wire: HealthConfig): HealthcheckConfig {
  return {
    test: wire.Test ?? [],
    interval: wire.Interval ?? 0,
    timeout: wire.Timeout ?? 0,
    retries: wire.Retries ?? 0,
    startPeriod: wire.StartPeriod ?? 0,
    startInterval: wire.StartInterval ?? 0,
  };
}

const endpoints = (wire: ContainerCreateRequest): EndpointSpec[] =>
  Object.entries(wire.NetworkingConfig?.EndpointsConfig ?? {}).map(([name, endpoint]) =>
    endpointSpec(networkName(name), endpoint),
  );
