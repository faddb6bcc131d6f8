import type { Duplex, Readable } from 'node:stream';
import { create, toBinary } from '@bufbuild/protobuf';
import type { Engine } from '#engine';
import { newId } from '#lib/ids';
import { StatusResponseSchema } from '#protocol/buildkit';
import { resultMessage } from '../build-results.ts';
import type { SessionBuildRequest } from '../decode/build.ts';
import type { JsonLines } from '../streams/json-lines.ts';
import { BuildJobs } from './build-jobs.ts';
import { BuildTrace, type Status } from './build-trace.ts';
import { ClientSession, ClientSessions } from './client-session.ts';
import { buildFromSession } from './session-build.ts';

/** Builds whose clients speak BuildKit: they open a session, and are asked for what a build needs. */
export class BuildKit {
  readonly #engine: Engine;
  readonly #sessions = new ClientSessions();
  readonly #jobs = new BuildJobs();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The client is called over its connection until that closes. @throws invalid when the id is taken */
  openSession(id: string, methods: ReadonlySet<string>, connect: () => Duplex): void {
    this.#sessions.add(id, () => new ClientSession(methods, connect()));
  }

  upload(buildId: string, body: Readable): Promise<void> {
    return this.#jobs.upload(buildId, body);
  }

  /** @throws notFound */
  cancel(buildId: string): void {
    this.#jobs.cancel(buildId);
  }

  /** `POST /build?version=2`: progress in the form of BuildKit, inside that of the Engine API. */
  async build(
    { buildId, sessionId, uploaded, quiet, ...request }: SessionBuildRequest,
    lines: JsonLines,
    gone: AbortSignal,
  ): Promise<void> {
    using job = this.#jobs.begin(buildId);
    const signal = AbortSignal.any([gone, job.signal]);
    const session = await this.#sessions.get(sessionId, signal);
    const tell = quiet ? () => {} : (status: Status) => void lines.write(traceMessage(status));
    const trace = new BuildTrace(buildId || newId(), tell);
    const archive = uploaded ? await this.#jobs.uploaded(buildId, signal) : undefined;
    const options = { ...request, signal, archive };
    const result = await buildFromSession(this.#engine, session, options, trace).finally(() => trace.close());
    const { ID } = resultMessage(result, request.outputs);
    if (ID !== undefined) await lines.write({ id: 'moby.image.id', aux: { ID } });
  }
}

const traceMessage = (status: Status) => ({
  id: 'moby.buildkit.trace',
  aux: Buffer.from(toBinary(StatusResponseSchema, create(StatusResponseSchema, status))).toString('base64'),
});
