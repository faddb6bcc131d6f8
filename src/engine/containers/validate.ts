import type { HealthcheckConfig } from '#engine/images';
import { parseSecurityOptions, resolveCapabilities } from '#engine/security';
import { USERNS_MODES } from '#engine/userns';
import { invalid } from '#lib/errors';
import { signalNumber } from '#linux/process';
import { checkCgroupParent } from './cgroup-parent.ts';
import type { ContainerConfig, EndpointSpec, HostConfig, RestartPolicy, Ulimit } from './record.ts';
import { splitOptions, tmpfsOptions } from './tmpfs-options.ts';
import { checkNetwork, joined } from './validate-network.ts';
import { checkSysctls } from './validate-sysctls.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/**
 * A container's name without its slash.
 * @throws invalid
 */
export function checkName(name: string): string {
  const bare = name.startsWith('/') ? name.slice(1) : name;
  if (!NAME.test(bare)) {
    throw invalid(`Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  return bare;
}

/** What the engine has: names that a request may use. */
export interface Available {
  readonly runtimes: readonly string[];
  /** systemd makes the cgroups. */
  readonly systemdCgroup: boolean;
  /** Containers have a user namespace unless they ask for the host's. */
  readonly remaps: boolean;
}

/**
 * All checks of a create that need nothing but the request.
 * @throws invalid; each text names the field, in Docker's words where it has some
 */
export function validate(
  config: ContainerConfig,
  host: HostConfig,
  endpoints: readonly EndpointSpec[],
  available: Available,
): void {
  checkConfig(config);
  checkRestartPolicy(host.restartPolicy);
  if (host.autoRemove && host.restartPolicy.name !== 'no') {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
  checkModes(host);
  checkUserNamespace(host, available.remaps);
  checkNetwork(config, host, endpoints);
  checkSysctls(host);
  checkUlimits(host.ulimits);
  if (host.shmSize < 0) throw invalid('SHM size can not be less than 0');
  if (host.umask !== undefined && (host.umask < 0 || host.umask > 0o777)) {
    throw invalid(`invalid umask ${host.umask}: it must be between 0 and 0777 (511)`);
  }
  if (host.oomScoreAdj < -1000 || host.oomScoreAdj > 1000) {
    throw invalid(`Invalid value ${host.oomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (host.runtime && !available.runtimes.includes(host.runtime)) {
    throw invalid(`unknown or invalid runtime name: ${host.runtime}`);
  }
  checkCgroupParent(host.cgroupParent, available.systemdCgroup);
  if (Object.keys(host.storageOptions).length > 0) {
    throw invalid(
      "--storage-opt is supported only for overlay over xfs with 'pquota' mount option: this storage driver has no per-container quota",
    );
  }
  for (const options of Object.values(host.tmpfs)) tmpfsOptions(splitOptions(options));
  for (const rule of host.deviceCgroupRules) parseDeviceRule(rule);
  for (const device of host.devices) checkDevicePermissions(device.cgroupPermissions);
  parseSecurityOptions(host.securityOpt);
  resolveCapabilities({ add: host.capAdd, drop: host.capDrop, privileged: host.privileged });
}

function checkConfig(config: ContainerConfig): void {
  if (config.hostname.length > 64)
    throw invalid(`invalid hostname: ${config.hostname}: longer than 64 characters`);
  if (config.workingDir !== '' && !config.workingDir.startsWith('/')) {
    throw invalid(`the working directory '${config.workingDir}' is invalid, it needs to be an absolute path`);
  }
  for (const variable of config.env) {
    if (variable === '' || variable.startsWith('=') || variable.includes('\0')) {
      throw invalid(`invalid environment variable: ${variable}`);
    }
  }
  for (const port of config.exposedPorts) checkPort(port);
  if (config.stopSignal) checkSignal(config.stopSignal);
  if (config.stopTimeout !== undefined && !Number.isInteger(config.stopTimeout)) {
    throw invalid(`invalid stop timeout: ${config.stopTimeout}`);
  }
  if (config.healthcheck) checkHealthcheck(config.healthcheck);
}

function checkPort(port: string): void {
  const match = /^(\d+)\/(tcp|udp|sctp)$/.exec(port);
  const number = Number(match?.[1]);
  if (!match || number < 1 || number > 65535) throw invalid(`invalid containerPort: ${port}`);
}

/** @throws invalid `Invalid signal: x` */
export function checkSignal(signal: string): number {
  try {
    return signalNumber(signal);
  } catch (error) {
    throw invalid(`Invalid signal: ${signal}`, error);
  }
}

function checkHealthcheck(check: HealthcheckConfig): void {
  const kind = check.test[0];
  if (kind !== undefined && !['', 'NONE', 'CMD', 'CMD-SHELL'].includes(kind)) {
    throw invalid(`Unknown healthcheck type in Test: ${kind}; use NONE, CMD or CMD-SHELL`);
  }
  const atLeastMillisecond: readonly [string, number][] = [
    ['Interval', check.interval],
    ['Timeout', check.timeout],
    ['StartPeriod', check.startPeriod],
    ['StartInterval', check.startInterval],
  ];
  for (const [field, value] of atLeastMillisecond) {
    if (value !== 0 && value < 1e6) throw invalid(`${field} in Healthcheck cannot be less than 1ms`);
  }
  if (check.retries < 0) throw invalid('Retries in Healthcheck cannot be negative');
}

const POLICIES = ['no', 'always', 'on-failure', 'unless-stopped'];

/** @throws invalid */
export function checkRestartPolicy(policy: RestartPolicy): void {
  if (!POLICIES.includes(policy.name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${policy.name}'; use one of '${POLICIES.join("', '")}'`,
    );
  }
  if (policy.maximumRetryCount < 0) {
    throw invalid('invalid restart policy: maximum retry count cannot be negative');
  }
  if (policy.maximumRetryCount > 0 && policy.name !== 'on-failure') {
    throw invalid("invalid restart policy: maximum retry count can only be used with 'on-failure'");
  }
}

function checkModes(host: HostConfig): void {
  const oneOf = (mode: string, values: readonly string[], what: string, joins: boolean) => {
    const target = joined(mode);
    const fine = target === undefined ? values.includes(mode) : joins && target !== '';
    if (!fine) throw invalid(`Invalid ${what} mode: ${mode}`);
  };
  oneOf(host.pidMode, ['', 'host', 'private'], 'PID', true);
  oneOf(host.ipcMode, ['', 'private', 'shareable', 'host', 'none'], 'IPC', true);
  oneOf(host.utsMode, ['', 'host', 'private'], 'UTS', false);
  oneOf(host.usernsMode, USERNS_MODES, 'user namespace', false);
  oneOf(host.cgroupnsMode, ['', 'host', 'private'], 'cgroup namespace', false);
}

/** What belongs to the host's own user namespace cannot be had from another one. */
function checkUserNamespace(host: HostConfig, remaps: boolean): void {
  if (host.usernsMode === 'host' || (host.usernsMode === '' && !remaps)) return;
  if (host.privileged) {
    throw invalid(
      "privileged mode is incompatible with user namespaces: a privileged container needs the host's (--userns=host)",
    );
  }
  for (const [mode, what] of [
    [host.networkMode, 'network namespace'],
    [host.pidMode, 'PID namespace'],
  ]) {
    if (mode === 'host') {
      throw invalid(
        `cannot share the host's ${what} when user namespaces are enabled: use the host's too (--userns=host)`,
      );
    }
  }
}

const ULIMITS = [
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
];

function checkUlimits(ulimits: readonly Ulimit[]): void {
  for (const { name, soft, hard } of ulimits) {
    if (!ULIMITS.includes(name)) throw invalid(`invalid ulimit type: ${name}`);
    const beyond = hard !== -1 && (soft === -1 || soft > hard);
    if (beyond) {
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
    }
  }
}

export interface DeviceCgroupRule {
  readonly type: 'a' | 'c' | 'b';
  /** undefined: all. */
  readonly major: number | undefined;
  readonly minor: number | undefined;
  readonly access: string;
}

/**
 * `c 1:3 rwm`, with `*` for any number (cgroup-v1 devices).
 * @throws invalid
 */
export function parseDeviceRule(rule: string): DeviceCgroupRule {
  const match = /^([acb]) (\d{1,9}|\*):(\d{1,9}|\*) ([rwm]{1,3})$/.exec(rule);
  if (!match) throw invalid(`invalid device cgroup rule format: '${rule}'`);
  const [, type, major, minor, access = ''] = match;
  const numberOf = (text: string | undefined) => (text === '*' ? undefined : Number(text));
  return {
    type: type === 'a' || type === 'b' ? type : 'c',
    major: numberOf(major),
    minor: numberOf(minor),
    access,
  };
}

function checkDevicePermissions(permissions: string): void {
  if (permissions !== '' && !/^(?!.*(.).*\1)[rwm]{1,3}$/.test(permissions)) {
    throw invalid(`invalid device mode: ${permissions}: use some of r, w and m`);
  }
}
