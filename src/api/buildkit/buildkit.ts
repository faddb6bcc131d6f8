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
import { SteeredBuilds } from './control/builds.ts';
import { serveControl } from './control/serve-control.ts';
import { serveGateway } from './control/serve-gateway.ts';
import { GrpcServer } from './grpc/server.ts';
import { ClientSession, ClientSessions } from './session/client-session.ts';
import type { ContextsRequest } from './session/contexts.ts';
import { buildFromSession } from './session-build.ts';
import { asSolve } from './solve-text.ts';

/** Builds whose clients speak BuildKit: they open a session, and are asked for what a build needs. */
export class BuildKit {
  readonly #engine: Engine;
  readonly #sessions = new ClientSessions();
  readonly #jobs = new BuildJobs();
  readonly #grpc = new GrpcServer();

  constructor(engine: Engine, version: string) {
    this.#engine = engine;
    const builds = new SteeredBuilds();
    serveControl(this.#grpc, { engine, version, builds, sessions: this.#sessions });
    serveGateway(this.#grpc, engine, builds);
  }

  /** `POST /grpc`: until the client closes the connection. */
  serve(connection: Duplex): void {
    this.#grpc.serve(connection);
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
    try {
      const content = uploaded ? await this.#jobs.uploaded(buildId, signal) : undefined;
      const options = { ...request, ...contextsOf(request, content), signal };
      const result = await buildFromSession(this.#engine, session, options, trace);
      const { ID } = resultMessage(result, request.outputs);
      if (ID !== undefined) await lines.write({ id: 'moby.image.id', aux: { ID } });
    } catch (error) {
      throw asSolve(error);
    } finally {
      trace.close();
    }
  }
}

/** A directory of the client, unless the archive came by itself or it is somebody else's. */
function contextsOf(
  { remote }: Pick<SessionBuildRequest, 'remote'>,
  content: Readable | undefined,
): Pick<ContextsRequest, 'context' | 'dockerfileDirectory' | 'named'> {
  const common = { dockerfileDirectory: undefined, named: new Map() };
  if (remote !== undefined) return { ...common, context: { kind: 'remote', url: remote } };
  if (content) return { ...common, context: { kind: 'archive', content } };
  return {
    ...common,
    dockerfileDirectory: 'dockerfile',
    context: { kind: 'directory', directory: 'context' },
  };
}

const traceMessage = (status: Status) => ({
  id: 'moby.buildkit.trace',
  aux: Buffer.from(toBinary(StatusResponseSchema, create(StatusResponseSchema, status))).toString('base64'),
});
