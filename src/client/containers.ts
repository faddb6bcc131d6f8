import type {
  CommitResponse,
  ContainerConfig,
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspect,
  ContainerStats,
  ContainerSummary,
  ContainersPruneReport,
  ContainerTopResponse,
  ContainerUpdateRequest,
  ContainerUpdateResponse,
  ContainerWaitResponse,
  FilesystemChange,
  Filters,
  PortExplanation,
} from '#protocol';
import type { Api } from './api.ts';
import type { Body } from './http/body.ts';
import type { Hijacked } from './http/connection.ts';
import { jsonLines } from './json-lines.ts';
import { segment } from './query.ts';

export interface AttachOptions {
  readonly stdin?: boolean;
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** First what was written before. */
  readonly logs?: boolean;
  readonly detachKeys?: string | undefined;
}

export interface LogOptions {
  readonly follow?: boolean;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly timestamps?: boolean;
  /** `all` or a number of lines. */
  readonly tail?: string | undefined;
  readonly details?: boolean;
}

export interface CommitOptions {
  readonly container: string;
  readonly repo?: string;
  readonly tag?: string;
  readonly comment?: string;
  readonly author?: string;
  readonly pause: boolean;
  readonly changes?: readonly string[];
  readonly squash?: boolean;
}

export interface StartOptions {
  readonly detachKeys?: string | undefined;
  readonly checkpoint?: string | undefined;
  readonly checkpointDirectory?: string | undefined;
  /** Of a working container. */
  readonly ticket?: string | undefined;
}

export interface StopOptions {
  readonly signal?: string | undefined;
  /** Seconds; -1 = for ever; undefined = the container's own. */
  readonly timeout?: number | undefined;
}

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

/** All of `/containers`, one method an operation. Every method throws ResponseError and ConnectionError. */
export class Containers {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  list(
    query: { all?: boolean; limit?: number; size?: boolean; filters?: Filters } = {},
    signal?: AbortSignal,
  ): Promise<ContainerSummary[]> {
    return this.#api.json({ method: 'GET', path: '/containers/json', query }, signal);
  }

  create(
    request: ContainerCreateRequest,
    query: { name?: string | undefined; platform?: string | undefined } = {},
    signal?: AbortSignal,
  ): Promise<ContainerCreateResponse> {
    return this.#api.json({ method: 'POST', path: '/containers/create', query, json: request }, signal);
  }

  inspect(id: string, query: { size?: boolean } = {}, signal?: AbortSignal): Promise<ContainerInspect> {
    return this.#api.json({ method: 'GET', path: path(id, 'json'), query }, signal);
  }

  start(id: string, options: StartOptions = {}, signal?: AbortSignal): Promise<void> {
    const { detachKeys, checkpoint, checkpointDirectory, ticket } = options;
    const query = { detachKeys, checkpoint, 'checkpoint-dir': checkpointDirectory, ticket };
    return this.#post(id, 'start', query, signal);
  }

  stop(id: string, options: StopOptions = {}, signal?: AbortSignal): Promise<void> {
    return this.#post(id, 'stop', { signal: options.signal, t: options.timeout }, signal);
  }

  restart(id: string, options: StopOptions = {}, signal?: AbortSignal): Promise<void> {
    return this.#post(id, 'restart', { signal: options.signal, t: options.timeout }, signal);
  }

  kill(id: string, signalName?: string, signal?: AbortSignal): Promise<void> {
    return this.#post(id, 'kill', { signal: signalName }, signal);
  }

  pause(id: string, signal?: AbortSignal): Promise<void> {
    return this.#post(id, 'pause', {}, signal);
  }

  unpause(id: string, signal?: AbortSignal): Promise<void> {
    return this.#post(id, 'unpause', {}, signal);
  }

  rename(id: string, name: string, signal?: AbortSignal): Promise<void> {
    return this.#post(id, 'rename', { name }, signal);
  }

  resize(id: string, size: { rows: number; columns: number }, signal?: AbortSignal): Promise<void> {
    return this.#post(id, 'resize', { h: size.rows, w: size.columns }, signal);
  }

  remove(
    id: string,
    query: { v?: boolean; force?: boolean; link?: boolean } = {},
    signal?: AbortSignal,
  ): Promise<void> {
    return this.#api.done({ method: 'DELETE', path: path(id), query }, signal);
  }

  /** Resolves once the daemon watches; `exit` when the condition has come true. */
  async wait(
    id: string,
    condition?: WaitCondition,
    signal?: AbortSignal,
  ): Promise<{ readonly exit: Promise<ContainerWaitResponse> }> {
    const { body } = await this.#api.send(
      { method: 'POST', path: path(id, 'wait'), query: { condition } },
      signal,
    );
    const exit = body.text().then((text) => JSON.parse(text) as ContainerWaitResponse);
    // Whoever stops waiting for it must not die of its failure.
    exit.catch(() => {});
    return { exit };
  }

  attach(id: string, options: AttachOptions, signal?: AbortSignal): Promise<Hijacked> {
    const query = { stream: true, ...options };
    return this.#api.hijack({ method: 'POST', path: path(id, 'attach'), query }, signal);
  }

  /** Raw with a terminal, frames without. */
  async logs(id: string, options: LogOptions, signal?: AbortSignal): Promise<Body> {
    const query = { stdout: true, stderr: true, ...options };
    return (await this.#api.send({ method: 'GET', path: path(id, 'logs'), query }, signal)).body;
  }

  top(id: string, arguments_: readonly string[] = [], signal?: AbortSignal): Promise<ContainerTopResponse> {
    const query = { ps_args: arguments_.join(' ') };
    return this.#api.json({ method: 'GET', path: path(id, 'top'), query }, signal);
  }

  /** One sample a second until aborted; with `once` a single one, taken over a second. */
  async *stats(
    id: string,
    options: { once?: boolean } = {},
    signal?: AbortSignal,
  ): AsyncGenerator<ContainerStats, void> {
    const query = { stream: options.once ? '0' : '1' };
    const { body } = await this.#api.send({ method: 'GET', path: path(id, 'stats'), query }, signal);
    yield* jsonLines<ContainerStats>(body);
  }

  update(
    id: string,
    request: ContainerUpdateRequest,
    signal?: AbortSignal,
  ): Promise<ContainerUpdateResponse> {
    return this.#api.json({ method: 'POST', path: path(id, 'update'), json: request }, signal);
  }

  /** `8080`, `8080/udp`: who reaches it from outside. */
  explainPort(port: string, signal?: AbortSignal): Promise<PortExplanation> {
    const [number = '', protocol = 'tcp'] = port.split('/', 2);
    const at = `/ports/${encodeURIComponent(number)}/explain?protocol=${encodeURIComponent(protocol)}`;
    return this.#api.json({ method: 'GET', path: at }, signal);
  }

  async changes(id: string, signal?: AbortSignal): Promise<readonly FilesystemChange[]> {
    const changes = await this.#api.json<FilesystemChange[] | null>(
      { method: 'GET', path: path(id, 'changes') },
      signal,
    );
    return changes ?? [];
  }

  /** The whole file system as tar. */
  async export(id: string, signal?: AbortSignal): Promise<Body> {
    return (await this.#api.send({ method: 'GET', path: path(id, 'export') }, signal)).body;
  }

  commit(
    options: CommitOptions,
    config: ContainerConfig = {},
    signal?: AbortSignal,
  ): Promise<CommitResponse> {
    // `pause` is on unless it is said to be off: false must not be left out.
    const query = { ...options, pause: options.pause ? '1' : '0' };
    return this.#api.json({ method: 'POST', path: '/commit', query, json: config }, signal);
  }

  prune(filters?: Filters, signal?: AbortSignal): Promise<ContainersPruneReport> {
    return this.#api.json({ method: 'POST', path: '/containers/prune', query: { filters } }, signal);
  }

  #post(
    id: string,
    verb: string,
    query: Readonly<Record<string, string | number | undefined>>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    return this.#api.done({ method: 'POST', path: path(id, verb), query }, signal);
  }
}

const path = (id: string, verb?: string) => `/containers/${segment(id)}${verb ? `/${verb}` : ''}`;
