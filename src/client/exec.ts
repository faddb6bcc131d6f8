import type { ExecCreateRequest, ExecCreateResponse, ExecInspect, ExecStartRequest } from '#protocol';
import type { Api } from './api.ts';
import type { Hijacked } from './http/connection.ts';
import { segment } from './query.ts';

/** Further processes in a running container. */
export class Exec {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  create(container: string, request: ExecCreateRequest, signal?: AbortSignal): Promise<ExecCreateResponse> {
    return this.#api.json(
      { method: 'POST', path: `/containers/${segment(container)}/exec`, json: request },
      signal,
    );
  }

  /** Starts it and takes over the connection. */
  attach(id: string, request: ExecStartRequest, signal?: AbortSignal): Promise<Hijacked> {
    return this.#api.hijack({ method: 'POST', path: path(id, 'start'), json: request }, signal);
  }

  /** Starts it in the background. */
  start(id: string, request: ExecStartRequest, signal?: AbortSignal): Promise<void> {
    return this.#api.done(
      { method: 'POST', path: path(id, 'start'), json: { ...request, Detach: true } },
      signal,
    );
  }

  resize(id: string, size: { rows: number; columns: number }, signal?: AbortSignal): Promise<void> {
    const query = { h: size.rows, w: size.columns };
    return this.#api.done({ method: 'POST', path: path(id, 'resize'), query }, signal);
  }

  inspect(id: string, signal?: AbortSignal): Promise<ExecInspect> {
    return this.#api.json({ method: 'GET', path: path(id, 'json') }, signal);
  }
}

const path = (id: string, verb: string) => `/exec/${segment(id)}/${verb}`;
