import { dirname, join } from 'node:path';
import { invalid, messageOf } from '#lib/errors';
import type { LogFormat, LogLevel } from '#lib/line-log';
import { rootlessRoots } from '#rootless';
import { DEFAULT_CONFIG_FILE, mergeSettings, readConfigFile } from './config-file.ts';
import { type EngineConfig, engineConfig } from './engine-config.ts';
import { parseHost } from './host.ts';
import { apiVersion } from './options/check.ts';
import type { Settings } from './options/index.ts';
import type { TlsFiles } from './tls.ts';

/** What the daemon runs with: complete and checked. */
export interface Config {
  /** What was given. */
  readonly settings: Settings;
  readonly engine: EngineConfig;
  readonly hosts: readonly string[];
  readonly group: string | undefined;
  /** An ordinary user's daemon. */
  readonly rootless: boolean;
  readonly pidfile: string;
  readonly tls: TlsFiles | undefined;
  /** `address:port` of the Prometheus endpoint. */
  readonly metricsAddress: string | undefined;
  /** Oldest version of the API that clients may speak. */
  readonly minApiVersion: string | undefined;
  readonly experimental: boolean;
  readonly debug: boolean;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat | undefined;
}

/** @throws invalid */
export function loadConfig(flags: Settings): Config {
  const path = flags['config-file'];
  const roots = flags.rootless ? rootlessRoots() : undefined;
  const file = readConfigFile(path, roots?.configFile);
  return complete(mergeSettings(flags, file, path), roots);
}

function complete(settings: Settings, roots = ROOTS): Config {
  const execRoot = trimmed(settings['exec-root'] ?? roots.execRoot);
  const dataRoot = trimmed(settings['data-root'] ?? roots.dataRoot);
  if (settings.rootless) refuseForRootless(settings);
  const hosts = settings.host ?? [];
  const tls = tlsFiles(settings);
  for (const host of hosts) parseHost(host, tls !== undefined);
  const debug = settings.debug ?? false;
  return {
    settings,
    engine: {
      ...engineConfig(settings, { dataRoot, execRoot }),
      registryDirectories: registryDirectories(settings, roots.configFile),
    },
    hosts: hosts.length > 0 ? hosts : [`unix://${execRoot}/berthd.sock`],
    group: settings.group,
    rootless: settings.rootless ?? false,
    pidfile: settings.pidfile ?? `${execRoot}/berthd.pid`,
    tls,
    metricsAddress: settings['metrics-addr'] || undefined,
    minApiVersion: settings['min-api-version'] ?? minApiVersionOfEnvironment(),
    experimental: settings.experimental ?? false,
    debug,
    logLevel: debug ? 'debug' : (settings['log-level'] ?? 'info'),
    logFormat: settings['log-format'],
  };
}

const ROOTS = { dataRoot: '/var/lib/berth', execRoot: '/run/berth', configFile: DEFAULT_CONFIG_FILE };

/** Beside our own file, and beside Docker's: who has told dockerd of certificates need not tell us. */
function registryDirectories(settings: Settings, configFile: string): string[] {
  const own = settings['registry-config-dir'];
  if (own) return [own];
  const directory = dirname(configFile);
  return [join(directory, 'certs.d'), join(dirname(directory), 'docker/certs.d')];
}

/** @throws invalid for what only root can have */
function refuseForRootless(settings: Settings): void {
  if (settings['userns-remap']) {
    throw invalid(
      'userns-remap is not for rootless mode, in which all containers have a user namespace already',
    );
  }
  if (settings.group !== undefined) {
    throw invalid('the socket of a rootless daemon is for its user alone: there is no group to give it to');
  }
}

function minApiVersionOfEnvironment(): string | undefined {
  const version = process.env['DOCKER_MIN_API_VERSION'];
  if (!version) return undefined;
  try {
    apiVersion(version);
  } catch (error) {
    throw invalid(`DOCKER_MIN_API_VERSION ${messageOf(error)}`, error);
  }
  return version;
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

const trimmed = (path: string): string => (path.length > 1 ? path.replace(/\/+$/, '') : path);
