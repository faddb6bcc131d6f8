import { type ContainerPathStat, decodeHeaderJson, header, mediaType } from '#protocol';
import type { Api } from './api.ts';
import { ConnectionError } from './errors.ts';
import type { Body } from './http/body.ts';
import type { Headers } from './http/head.ts';
import { segment } from './query.ts';

/** Files in and out of a container: `/containers/{id}/archive`. */
export class Archive {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** @throws ResponseError not-found when there is no such path */
  async stat(id: string, path: string, signal?: AbortSignal): Promise<ContainerPathStat> {
    // A HEAD has no error text; without a negotiated version its 400 would say nothing.
    await this.#api.negotiated();
    const response = await this.#api.send({ method: 'HEAD', path: route(id), query: { path } }, signal);
    await response.body.discard();
    return statOf(response.headers);
  }

  /** The path as tar, and what it is. */
  async read(
    id: string,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ stat: ContainerPathStat; tar: Body }> {
    const response = await this.#api.send({ method: 'GET', path: route(id), query: { path } }, signal);
    return { stat: statOf(response.headers), tar: response.body };
  }

  /** Unpacks a tar into a directory of the container. */
  write(
    id: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options: { noOverwriteDirNonDir?: boolean; copyUIDGID?: boolean } = {},
    signal?: AbortSignal,
  ): Promise<void> {
    const query = { path, ...options };
    const headers = { 'Content-Type': mediaType.tar };
    return this.#api.done({ method: 'PUT', path: route(id), query, stream: tar, headers }, signal);
  }
}

const route = (id: string) => `/containers/${segment(id)}/archive`;

function statOf(headers: Headers): ContainerPathStat {
  const text = headers.get(header.pathStat);
  if (text === undefined) throw new ConnectionError('the daemon did not tell what the path is');
  return decodeHeaderJson(text) as ContainerPathStat;
}
