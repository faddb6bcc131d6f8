import { hostname } from 'node:os';
import { type EngineOptions, liveSettingsOf, registrySettingsOf, runtimesOf } from './engine-options.ts';

/** The attributes of Docker's event `daemon reload`: all that a reload may have changed, as it is now. */
export function reloadAttributes(
  options: EngineOptions,
  { debug }: { readonly debug: boolean },
): Record<string, string> {
  const registries = registrySettingsOf(options);
  const { defaultRuntime, shutdownTimeout } = liveSettingsOf(options);
  return {
    'allow-nondistributable-artifacts': '[]',
    debug: String(debug),
    'default-runtime': defaultRuntime,
    features: mapText(options.features ?? {}),
    'insecure-registries': JSON.stringify(registries.insecureRegistries),
    labels: JSON.stringify(options.labels ?? []),
    'live-restore': String(options.liveRestore ?? true),
    'max-concurrent-downloads': String(registries.maxConcurrentDownloads),
    'max-concurrent-uploads': String(registries.maxConcurrentUploads),
    'max-download-attempts': String(registries.maxDownloadAttempts),
    name: hostname(),
    'registry-mirrors': JSON.stringify(registries.registryMirrors),
    runtimes: runtimesOf(options)
      .map(({ name, path }) => `${name}:${path}`)
      .join(' '),
    'shutdown-timeout': String(shutdownTimeout),
  };
}

/** As Go prints a map. */
const mapText = (map: Readonly<Record<string, boolean>>): string =>
  `map[${Object.entries(map)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}`)
    .join(' ')}]`;
