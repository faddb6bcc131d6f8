import type { HealthcheckConfig, ImageConfig } from '#engine/images';
import { invalid } from '#lib/errors';
import type { ContainerConfig } from './record.ts';

const nameOf = (variable: string): string => variable.split('=', 1)[0] ?? '';

/** `80` -> `80/tcp`, `53/UDP` -> `53/udp`. */
export const portWithProtocol = (port: string): string => {
  const [number, protocol] = port.split('/', 2);
  return `${number}/${protocol?.toLowerCase() || 'tcp'}`;
};

/**
 * What the user asked for, completed by what the image says. The user's entrypoint makes the image's
 * command void, as in Docker; a single empty word as entrypoint means none.
 */
export function mergeConfig(request: ContainerConfig, image: ImageConfig | undefined): ContainerConfig {
  const merged = image ? inherit(request, image) : request;
  const noEntrypoint = merged.entrypoint?.length === 1 && merged.entrypoint[0] === '';
  return {
    ...merged,
    entrypoint: noEntrypoint ? undefined : merged.entrypoint,
    exposedPorts: [...new Set(merged.exposedPorts.map(portWithProtocol))],
  };
}

function inherit(request: ContainerConfig, image: ImageConfig): ContainerConfig {
  const given = new Set(request.env.map(nameOf));
  const entrypointGiven = request.entrypoint !== undefined && request.entrypoint.length > 0;
  const commandGiven = request.cmd !== undefined && request.cmd.length > 0;
  return {
    ...request,
    user: request.user || image.user,
    exposedPorts: [...request.exposedPorts, ...image.exposedPorts],
    env: [...request.env, ...image.env.filter((variable) => !given.has(nameOf(variable)))],
    entrypoint: entrypointGiven ? request.entrypoint : image.entrypoint,
    cmd: entrypointGiven || commandGiven ? request.cmd : image.cmd,
    volumes: [...new Set([...request.volumes, ...image.volumes])],
    workingDir: request.workingDir || image.workingDir,
    labels: { ...image.labels, ...request.labels },
    healthcheck: mergeHealthcheck(request.healthcheck, image.healthcheck),
    stopSignal: request.stopSignal || image.stopSignal,
    shell: request.shell ?? image.shell,
    onBuild: request.onBuild,
  };
}

function mergeHealthcheck(
  request: HealthcheckConfig | undefined,
  image: HealthcheckConfig | undefined,
): HealthcheckConfig | undefined {
  if (!request || !image) return request ?? image;
  return {
    test: request.test.length > 0 ? request.test : image.test,
    interval: request.interval || image.interval,
    timeout: request.timeout || image.timeout,
    retries: request.retries || image.retries,
    startPeriod: request.startPeriod || image.startPeriod,
    startInterval: request.startInterval || image.startInterval,
  };
}

/**
 * argv[0] and the rest of the command line. An empty argv[0] is no command that could be found, which the start says.
 * @throws invalid when neither the user nor the image says what to run
 */
export function commandLine(config: ContainerConfig): { path: string; args: readonly string[] } {
  const [path, ...args] = [...(config.entrypoint ?? []), ...(config.cmd ?? [])];
  if (path === undefined) throw invalid('no command specified');
  return { path, args };
}
