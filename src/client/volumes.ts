import type {
  Filters,
  VolumeCreateRequest,
  VolumeInspect,
  VolumeListResponse,
  VolumesPruneReport,
} from '#protocol';
import type { Api } from './api.ts';
import { segment } from './query.ts';

/** All of `/volumes`. Every method throws ResponseError and ConnectionError. */
export class Volumes {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(filters?: Filters, signal?: AbortSignal): Promise<VolumeListResponse> {
    return this.#api.json({ method: 'GET', path: '/volumes', query: { filters } }, signal);
  }

  create(request: VolumeCreateRequest, signal?: AbortSignal): Promise<VolumeInspect> {
    return this.#api.json({ method: 'POST', path: '/volumes/create', json: request }, signal);
  }

  inspect(name: string, signal?: AbortSignal): Promise<VolumeInspect> {
    return this.#api.json({ method: 'GET', path: path(name) }, signal);
  }

  remove(name: string, query: { force?: boolean } = {}, signal?: AbortSignal): Promise<void> {
    return this.#api.done({ method: 'DELETE', path: path(name), query }, signal);
  }

  prune(filters?: Filters, signal?: AbortSignal): Promise<VolumesPruneReport> {
    return this.#api.json({ method: 'POST', path: '/volumes/prune', query: { filters } }, signal);
  }
}

const path = (name: string) => `/volumes/${segment(name)}`;
