import type { BuildHistoryEntry, BuildLogLine } from '#protocol';
import type { Api } from './api.ts';
import { jsonLines } from './json-lines.ts';

/** All of `/build/history`. Every method throws ResponseError and ConnectionError. */
export class BuildHistory {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(signal?: AbortSignal): Promise<BuildHistoryEntry[]> {
    return this.#api.json({ method: 'GET', path: '/build/history' }, signal);
  }

  inspect(id: string, signal?: AbortSignal): Promise<BuildHistoryEntry> {
    return this.#api.json({ method: 'GET', path: pathOf(id) }, signal);
  }

  async *logs(id: string, signal?: AbortSignal): AsyncGenerator<BuildLogLine, void> {
    const { body } = await this.#api.send({ method: 'GET', path: `${pathOf(id)}/logs` }, signal);
    yield* jsonLines<BuildLogLine>(body);
  }

  remove(id: string, signal?: AbortSignal): Promise<void> {
    return this.#api.done({ method: 'DELETE', path: pathOf(id) }, signal);
  }
}

const pathOf = (id: string): string => `/build/history/${encodeURIComponent(id)}`;
