import type {
  Filters,
  NetworkConnectRequest,
  NetworkCreateRequest,
  NetworkCreateResponse,
  NetworkDisconnectRequest,
  NetworkInspect,
  NetworksPruneReport,
} from '#protocol';
import type { Api } from './api.ts';
import { segment } from './query.ts';

/** All of `/networks`. Every method throws ResponseError and ConnectionError. */
export class Networks {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(filters?: Filters, signal?: AbortSignal): Promise<NetworkInspect[]> {
    return this.#api.json({ method: 'GET', path: '/networks', query: { filters } }, signal);
  }

  create(request: NetworkCreateRequest, signal?: AbortSignal): Promise<NetworkCreateResponse> {
    return this.#api.json({ method: 'POST', path: '/networks/create', json: request }, signal);
  }

  inspect(
    id: string,
    query: { verbose?: boolean; scope?: string } = {},
    signal?: AbortSignal,
  ): Promise<NetworkInspect> {
    return this.#api.json({ method: 'GET', path: path(id), query }, signal);
  }

  remove(id: string, signal?: AbortSignal): Promise<void> {
    return this.#api.done({ method: 'DELETE', path: path(id) }, signal);
  }

  connect(id: string, request: NetworkConnectRequest, signal?: AbortSignal): Promise<void> {
    return this.#api.done({ method: 'POST', path: `${path(id)}/connect`, json: request }, signal);
  }

  disconnect(id: string, request: NetworkDisconnectRequest, signal?: AbortSignal): Promise<void> {
    return this.#api.done({ method: 'POST', path: `${path(id)}/disconnect`, json: request }, signal);
  }

  prune(filters?: Filters, signal?: AbortSignal): Promise<NetworksPruneReport> {
    return this.#api.json({ method: 'POST', path: '/networks/prune', query: { filters } }, signal);
  }
}

const path = (id: string) => `/networks/${segment(id)}`;
