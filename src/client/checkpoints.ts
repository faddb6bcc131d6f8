import type { CheckpointCreateRequest, CheckpointSummary } from '#protocol';
import type { Api } from './api.ts';
import { segment } from './query.ts';

/** All of `/containers/{id}/checkpoints`. Every method throws ResponseError and ConnectionError. */
export class Checkpoints {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(container: string, directory?: string, signal?: AbortSignal): Promise<readonly CheckpointSummary[]> {
    return this.#api.json({ method: 'GET', path: path(container), query: { dir: directory } }, signal);
  }

  create(container: string, request: CheckpointCreateRequest, signal?: AbortSignal): Promise<void> {
    return this.#api.done({ method: 'POST', path: path(container), json: request }, signal);
  }

  remove(container: string, name: string, directory?: string, signal?: AbortSignal): Promise<void> {
    const query = { dir: directory };
    return this.#api.done({ method: 'DELETE', path: `${path(container)}/${segment(name)}`, query }, signal);
  }
}

const path = (container: string) => `/containers/${segment(container)}/checkpoints`;
