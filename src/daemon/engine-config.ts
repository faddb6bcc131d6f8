import type { EngineOptions } from '#engine';
import { type LogConfig, validateLogConfig } from '#engine/logs';
import { invalid } from '#lib/errors';
import type { Settings } from './options/index.ts';

export type EngineConfig = Omit<EngineOptions, 'log'>;

const LAYER_FORMS = ['auto', 'erofs', 'directory'] as const;

/** What of the settings concerns the engine. @throws invalid */
export function engineConfig(
  settings: Settings,
  roots: { dataRoot: string; execRoot: string },
): EngineConfig {
  return {
    ...roots,
    ...networkConfig(settings),
    ...containerConfig(settings),
    ...imageConfig(settings),
    ...given('logConfig', logConfig(settings)),
    ...given('labels', withoutDuplicates(settings.label)),
    ...given('features', settings.feature),
  };
}

const networkConfig = (settings: Settings): Partial<EngineConfig> => ({
  ...given('bip', settings.bip),
  ...given('bip6', settings.bip6),
  ...given('bridge', settings.bridge),
  ...given('mtu', settings.mtu),
  ...given('ipv6', settings.ipv6),
  ...given('fixedCidr', settings['fixed-cidr']),
  ...given('ipv6Subnet', settings['fixed-cidr-v6']),
  ...given('defaultGateway', settings['default-gateway']),
  ...given('defaultGateway6', settings['default-gateway-v6']),
  ...given('addressPools', settings['default-address-pool']),
  ...given('networkOptions', settings['default-network-opt']),
  ...given('icc', settings.icc),
  ...given('ipForward', settings['ip-forward']),
  ...given('ipMasquerade', settings['ip-masq']),
  ...given('publishAddress', settings.ip),
  ...given('publishPolicy', settings['publish-policy']),
  ...given('hostGateways', settings['host-gateway-ip']),
  ...given('dns', settings.dns),
  ...given('dnsSearch', settings['dns-search']),
  ...given('dnsOptions', settings['dns-opt']),
});

const containerConfig = (settings: Settings): Partial<EngineConfig> => ({
  ...given('runtimes', settings['add-runtime']),
  ...given('defaultRuntime', settings['default-runtime']),
  ...given('cgroupDriver', cgroupDriverOf(settings)),
  ...given('cgroupParent', settings['cgroup-parent']),
  ...given('defaultCgroupnsMode', settings['default-cgroupns-mode']),
  ...given('defaultIpcMode', settings['default-ipc-mode']),
  ...given('defaultUlimits', settings['default-ulimit']),
  ...given('defaultShmSize', settings['default-shm-size']),
  ...given('init', settings.init),
  ...given('initPath', settings['init-path']),
  ...given('noNewPrivileges', settings['no-new-privileges']),
  ...given('seccompProfile', settings['seccomp-profile']),
  ...given('usernsRemap', settings['userns-remap'] || undefined),
  ...given('liveRestore', settings['live-restore']),
  ...given('shutdownTimeout', settings['shutdown-timeout']),
});

const imageConfig = (settings: Settings): Partial<EngineConfig> => ({
  ...given('insecureRegistries', settings['insecure-registry']),
  ...given('registryMirrors', settings['registry-mirror']),
  // Docker's clients of this file write 0 for "the default".
  ...given('maxConcurrentDownloads', settings['max-concurrent-downloads'] || undefined),
  ...given('maxConcurrentUploads', settings['max-concurrent-uploads'] || undefined),
  ...given('maxDownloadAttempts', settings['max-download-attempts'] || undefined),
  ...given('proxies', proxies(settings)),
  ...given('layerForm', layerFormOf(settings)),
  ...given('buildCachePolicy', settings.builder),
});

/** The last one counts; the options' own check has seen them. */
function layerFormOf(settings: Settings): EngineConfig['layerForm'] {
  const last = settings['storage-opt']?.findLast((option) => option.startsWith('layers='));
  return LAYER_FORMS.find((form) => last === `layers=${form}`);
}

/** @throws invalid, unsupported */
function logConfig(settings: Settings): LogConfig | undefined {
  const { 'log-driver': driver, 'log-opt': options } = settings;
  if (!driver && !options) return undefined;
  const config = { driver: driver || 'json-file', options: options ?? {} };
  validateLogConfig(config);
  return config;
}

/** An option that was not given is left out, so that the engine's own default holds. */
const given = <K extends string, T>(key: K, value: T | undefined): { [P in K]?: T } =>
  value === undefined ? {} : ({ [key]: value } as { [P in K]?: T });

/** An ordinary user may make no cgroups: as in dockerd, cgroupfs means none then. */
function cgroupDriverOf(settings: Settings): EngineConfig['cgroupDriver'] {
  const driver = namedCgroupDriver(settings);
  if (!settings.rootless) return driver;
  if (driver === 'systemd')
    throw invalid('native.cgroupdriver=systemd is not for rootless mode, which leaves limits out');
  return 'none';
}

function namedCgroupDriver(settings: Settings): 'cgroupfs' | 'systemd' | undefined {
  let driver: 'cgroupfs' | 'systemd' | undefined;
  for (const option of settings['exec-opt'] ?? []) {
    const [, name, value] = /^\s*([^=]+?)\s*=\s*(\S.*?)\s*$/.exec(option) ?? [];
    if (name === undefined) throw invalid(`invalid exec-opt (${option}): must be formatted 'opt=value'`);
    if (name.toLowerCase() !== 'native.cgroupdriver')
      throw invalid(`invalid exec-opt (${option}): unknown option: '${name}', use native.cgroupdriver`);
    if (value !== 'cgroupfs' && value !== 'systemd')
      throw invalid(`invalid native.cgroupdriver ${JSON.stringify(value)}: use one of cgroupfs, systemd`);
    driver = value;
  }
  return driver;
}

/** @throws invalid when one key has two values */
function withoutDuplicates(labels: readonly string[] | undefined): readonly string[] | undefined {
  const values = new Map<string, string>();
  for (const label of labels ?? []) {
    const key = label.slice(0, label.indexOf('='));
    const former = values.get(key);
    if (former !== undefined && former !== label) throw invalid(`conflict labels for ${former} and ${label}`);
    values.set(key, label);
  }
  return labels && [...values.values()];
}

/** What is not given comes from the environment, as for every program. */
function proxies(settings: Settings): EngineConfig['proxies'] {
  const environment = (name: string) => process.env[name] ?? process.env[name.toLowerCase()];
  const http = settings['http-proxy'] ?? environment('HTTP_PROXY');
  const https = settings['https-proxy'] ?? environment('HTTPS_PROXY');
  const none = settings['no-proxy'] ?? environment('NO_PROXY');
  if (!http && !https) return undefined;
  return { http: http ?? '', https: https ?? '', none: none ?? '' };
}
