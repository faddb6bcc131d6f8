import type {
  ContainerCreateRequest,
  WorkingCommandResponse,
  WorkingConfigRequest,
  WorkingCreateResponse,
} from '#protocol';
import type { Api } from './api.ts';
import { segment } from './query.ts';

/** Working containers, which images are made in. Every method throws ResponseError and ConnectionError. */
export class Working {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  create(
    query: { from: string; name?: string | undefined; platform?: string | undefined },
    signal?: AbortSignal,
  ): Promise<WorkingCreateResponse> {
    return this.#api.json({ method: 'POST', path: '/containers/working/create', query }, signal);
  }

  configure(container: string, request: WorkingConfigRequest, signal?: AbortSignal): Promise<void> {
    return this.#api.done({ method: 'POST', path: path(container, 'config'), json: request }, signal);
  }

  /** What the next start runs. */
  giveCommand(
    container: string,
    request: ContainerCreateRequest,
    signal?: AbortSignal,
  ): Promise<WorkingCommandResponse> {
    return this.#api.json({ method: 'POST', path: path(container, 'command'), json: request }, signal);
  }
}

const path = (container: string, verb: string) => `/containers/${segment(container)}/working/${verb}`;
