import type { Any } from '@bufbuild/protobuf/wkt';
import type { Engine } from '#engine';
import type { SolvedFiles } from '#engine/build';
import { cancelled, notFound, unsupported } from '#lib/errors';
import { newId } from '#lib/ids';
import type { Descriptor } from '#oci/image';
import { resultMessage } from '../../build-results.ts';
import {
  cacheSource,
  cacheTarget,
  type WantedCacheSource,
  type WantedCacheTarget,
} from '../../decode/build-caches.ts';
import { type WantedOutput, wantedOutput } from '../../decode/build-outputs.ts';
import { frontendRequest } from '../../decode/frontend.ts';
import { callResult } from '../../encode/build-inspection.ts';
import { BuildTrace } from '../build-trace.ts';
import { GrpcError } from '../grpc/errors.ts';
import type { ClientSession } from '../session/client-session.ts';
import { sessionContexts } from '../session/contexts.ts';
import { buildFromSession } from '../session-build.ts';
import { HeldBuild } from './held-build.ts';
import type { StatusLog } from './status-log.ts';

/** Where something goes, or comes from. */
interface Place {
  readonly type: string;
  readonly attrs: Readonly<Record<string, string>>;
}

/** What a client says of a build before it asks for results. */
export interface SteeredRequest {
  readonly ref: string;
  readonly exporters: readonly Place[];
  readonly cacheExports: readonly Place[];
  readonly cacheImports: readonly Place[];
  readonly entitlements: readonly string[];
}

/** What a client asks a build for. */
export interface ResultRequest {
  readonly frontend: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Graphs of the client's own. */
  readonly inputs: readonly string[];
}

export interface Result {
  /** '': there is nothing to export. */
  readonly ref: string;
  readonly metadata: Readonly<Record<string, Uint8Array>>;
}

const NOTHING: Result = { ref: '', metadata: {} };

/**
 * A build that its client steers: it asks for results, says which of them is the one, and that one is brought to where
 * it is wanted.
 */
export class SteeredBuild implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #session: ClientSession;
  readonly #ref: string;
  readonly #outputs: readonly WantedOutput[];
  readonly #cacheTargets: readonly WantedCacheTarget[];
  readonly #cacheSources: readonly WantedCacheSource[];
  /** What was written for the client's index. */
  #cacheManifest: Descriptor | undefined;
  readonly #entitlements: readonly string[];
  readonly #trace: BuildTrace;
  readonly #signal: AbortSignal;
  readonly #stopped = new AbortController();
  readonly #held = new Map<string, HeldBuild>();
  readonly #returned = Promise.withResolvers<string>();

  constructor(
    engine: Engine,
    session: ClientSession,
    { ref, exporters, cacheExports, cacheImports, entitlements }: SteeredRequest,
    log: StatusLog,
    signal: AbortSignal,
  ) {
    this.#engine = engine;
    this.#session = session;
    this.#ref = ref;
    this.#outputs = exporters.flatMap(({ type, attrs }, index) => wantedOutput(type, attrs, index));
    this.#cacheTargets = cacheExports.map(({ type, attrs }, index) =>
      cacheTarget(type, new Map(Object.entries(attrs)), index),
    );
    this.#cacheSources = cacheImports.map(({ type, attrs }, index) =>
      cacheSource(type, new Map(Object.entries(attrs)), index),
    );
    this.#entitlements = entitlements;
    this.#trace = new BuildTrace(ref, log.write);
    this.#signal = AbortSignal.any([signal, this.#stopped.signal]);
    this.#returned.promise.catch(() => {});
    const stop = () => this.#returned.reject(cancelled('the build was cancelled'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  }

  /** @throws what is wrong with the Dockerfile, RunFailed, unsupported */
  async solve({ frontend, attributes, inputs }: ResultRequest): Promise<Result> {
    if (frontend === '')
      throw unsupported('graphs of operations are not supported: use the front end dockerfile.v0');
    if (frontend !== 'dockerfile.v0')
      throw unsupported(`front end "${frontend}" is not supported: use dockerfile.v0`);
    if (inputs.length > 0)
      throw unsupported(`inputs that are graphs of operations are not supported: ${inputs.join(', ')}`);
    const { call, ...request } = frontendRequest(attributes, this.#entitlements);
    if (call) {
      const contexts = await sessionContexts(this.#session, request, this.#trace, this.#signal);
      const inspection = await this.#engine.builder.inspect({
        ...request,
        ...contexts,
        signal: this.#signal,
      });
      const answers = Object.entries({ ...callResult(call, inspection), version: '1.0.0' });
      const metadata = Object.fromEntries(answers.map(([name, text]) => [name, Buffer.from(text)]));
      return { ...NOTHING, metadata };
    }
    const held = new HeldBuild((onSolved) => {
      const said = { outputs: this.#outputs, cacheTargets: this.#cacheTargets, squash: false, id: this.#ref };
      const cacheSources = request.cacheSources.length > 0 ? request.cacheSources : this.#cacheSources;
      const onCacheWritten = (written: Descriptor): void => {
        this.#cacheManifest = written;
      };
      const options = { ...request, ...said, cacheSources, signal: this.#signal, onSolved, onCacheWritten };
      return buildFromSession(this.#engine, this.#session, options, this.#trace);
    });
    const ref = newId().slice(0, 25);
    this.#held.set(ref, held);
    await held.solved;
    return { ref, metadata: {} };
  }

  /** @throws notFound */
  files(ref: string): Promise<SolvedFiles> {
    return this.#find(ref).solved;
  }

  warn(warning: Parameters<BuildTrace['warn']>[0]): void {
    this.#trace.warn(warning);
  }

  /** The client says which result is the one; '': none. @throws notFound */
  return(ref: string): void {
    if (ref !== '') this.#find(ref);
    this.#returned.resolve(ref);
  }

  /** The client says that it failed. */
  fail(code: number, message: string, details: readonly Any[]): void {
    this.#returned.reject(new GrpcError(code, message, details));
  }

  /** Waits for what the client returns, and brings it to where it is wanted; what is to be told of it. */
  async finish(): Promise<Record<string, string>> {
    const ref = await this.#returned.promise;
    if (ref === '') return {};
    const result = await this.#find(ref).accept();
    const { Metadata = {} } = resultMessage(result, this.#outputs);
    const answers = Object.entries(Metadata).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : Buffer.from(JSON.stringify(value)).toString('base64'),
    ]);
    const cache = this.#cacheManifest && { 'cache.manifest': JSON.stringify(this.#cacheManifest) };
    return { ...Object.fromEntries(answers), ...cache };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await Promise.all([...this.#held.values()].map((held) => held.giveUp()));
    this.#trace.close();
  }

  #find(ref: string): HeldBuild {
    const held = this.#held.get(ref);
    if (!held) throw notFound(`the build has no result ${ref}`);
    return held;
  }
}
