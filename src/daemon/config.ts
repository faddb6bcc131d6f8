import { isAbsolute } from 'node:path';
import type { EngineOptions } from '#engine';
import { invalid } from '#lib/errors';
import { mergeSettings, readConfigFile } from './config-file.ts';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './log.ts';
import type { Settings } from './options.ts';
import type { TlsFiles } from './tls.ts';

/** What the daemon runs with: complete and checked. */
export interface Config {
  readonly engine: Omit<EngineOptions, 'log'>;
  readonly hosts: readonly string[];
  readonly group: string | undefined;
  readonly pidfile: string;
  readonly tls: TlsFiles | undefined;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat | undefined;
}

/** @throws invalid */
export function loadConfig(flags: Settings): Config {
  const path = flags['config-file'];
  return complete(mergeSettings(flags, readConfigFile(path), path));
}

function complete(settings: Settings): Config {
  const execRoot = absolute('exec-root', settings['exec-root'] ?? '/run/berth');
  const hosts = settings.host ?? [];
  return {
    engine: engineOptions(settings, execRoot),
    hosts: hosts.length > 0 ? hosts : [`unix://${execRoot}/berthd.sock`],
    group: settings.group,
    pidfile: settings.pidfile ?? `${execRoot}/berthd.pid`,
    tls: tlsFiles(settings),
    logLevel: settings.debug ? 'debug' : oneOf('log-level', settings['log-level'] ?? 'info', LOG_LEVELS),
    logFormat:
      settings['log-format'] === undefined
        ? undefined
        : oneOf('log-format', settings['log-format'], LOG_FORMATS),
  };
}

function engineOptions(settings: Settings, execRoot: string): Omit<EngineOptions, 'log'> {
  const cgroupDriver = cgroupDriverOf(settings['exec-opt'] ?? []);
  const driver = settings['log-driver'];
  const logOptions = settings['log-opt'];
  return {
    dataRoot: absolute('data-root', settings['data-root'] ?? '/var/lib/berth'),
    execRoot,
    ...given('bip', settings.bip),
    ...given('bridge', settings.bridge),
    ...given('mtu', settings.mtu),
    ...given('ipv6Subnet', settings['fixed-cidr-v6']),
    ...given('dns', settings.dns),
    ...given('dnsSearch', settings['dns-search']),
    ...given('dnsOptions', settings['dns-opt']),
    ...given('runtimes', settings['add-runtime']),
    ...given('defaultRuntime', settings['default-runtime']),
    ...given('cgroupDriver', cgroupDriver),
    ...given('cgroupParent', settings['cgroup-parent']),
    ...((driver || logOptions) && {
      logConfig: { driver: driver ?? 'json-file', options: logOptions ?? {} },
    }),
    ...given('insecureRegistries', settings['insecure-registry']),
    ...given('registryMirrors', settings['registry-mirror']),
    ...given('maxConcurrentDownloads', settings['max-concurrent-downloads']),
    ...given('defaultUlimits', settings['default-ulimit']),
    ...given('defaultShmSize', settings['default-shm-size']),
    ...given('init', settings.init),
    ...given('initPath', settings['init-path']),
    ...given('noNewPrivileges', settings['no-new-privileges']),
    ...given('seccompProfile', settings['seccomp-profile']),
    ...given('liveRestore', settings['live-restore']),
    ...given('shutdownTimeout', settings['shutdown-timeout']),
    ...given('labels', settings.label),
  };
}

/** An option that was not given is left out, so that the engine's own default holds. */
const given = <K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: T });

function cgroupDriverOf(options: readonly string[]): EngineOptions['cgroupDriver'] {
  let driver: EngineOptions['cgroupDriver'];
  for (const option of options) {
    const [name, value] = option.split('=', 2);
    if (name !== 'native.cgroupdriver')
      throw invalid(`Unknown option: ${name} (exec-opts knows native.cgroupdriver)`);
    driver = oneOf('native.cgroupdriver', value ?? '', ['cgroupfs', 'systemd'] as const);
  }
  return driver;
}

function tlsFiles(settings: Settings): TlsFiles | undefined {
  const verify = settings.tlsverify ?? false;
  if (!verify && !settings.tls) return undefined;
  const { tlscert: cert, tlskey: key, tlscacert: ca } = settings;
  if (!cert || !key) throw invalid('TLS needs --tlscert and --tlskey');
  if (verify && !ca)
    throw invalid("--tlsverify needs --tlscacert, which the clients' certificates are checked with");
  return { cert, key, ca, verify };
}

function absolute(name: string, path: string): string {
  if (!isAbsolute(path)) throw invalid(`--${name} must be an absolute path, not ${JSON.stringify(path)}`);
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((known) => known === value.toLowerCase());
  if (found === undefined)
    throw invalid(`invalid ${name} ${JSON.stringify(value)}: use one of ${allowed.join(', ')}`);
  return found;
}
