import type {
  AuthConfig,
  BuildCachePruneReport,
  DiskUsage,
  Filters,
  SnapshotMigration,
  SystemInfo,
  SystemVersion,
} from '#protocol';
import type { Api } from './api.ts';
import type { Headers } from './http/head.ts';

/** The daemon itself. Every method throws ResponseError and ConnectionError. */
export class System {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  ping(signal?: AbortSignal): Promise<Headers> {
    return this.#api.ping(signal);
  }

  version(signal?: AbortSignal): Promise<SystemVersion> {
    return this.#api.json({ method: 'GET', path: '/version' }, signal);
  }

  info(signal?: AbortSignal): Promise<SystemInfo> {
    return this.#api.json({ method: 'GET', path: '/info' }, signal);
  }

  diskUsage(
    query: { type?: readonly string[]; verbose?: boolean } = {},
    signal?: AbortSignal,
  ): Promise<DiskUsage> {
    return this.#api.json({ method: 'GET', path: '/system/df', query }, signal);
  }

  /** Checks credentials with a registry. */
  login(auth: AuthConfig, signal?: AbortSignal): Promise<{ Status: string; IdentityToken?: string }> {
    return this.#api.json({ method: 'POST', path: '/auth', json: auth }, signal);
  }

  migrateSnapshots(signal?: AbortSignal): Promise<SnapshotMigration> {
    return this.#api.json({ method: 'POST', path: '/system/migrate-snapshots' }, signal);
  }

  pruneBuildCache(
    query: { all?: boolean; filters?: Filters; 'keep-storage'?: number | undefined } = {},
    signal?: AbortSignal,
  ): Promise<BuildCachePruneReport> {
    return this.#api.json({ method: 'POST', path: '/build/prune', query }, signal);
  }
}
