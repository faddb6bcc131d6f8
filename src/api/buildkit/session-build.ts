import { Readable } from 'node:stream';
import { readIgnoreFile } from '#dockerfile';
import type { Engine } from '#engine';
import { type BuildOptions, type BuildResult, RunFailed } from '#engine/build';
import { BerthError, invalid, messageOf, unsupported } from '#lib/errors';
import { TAR_END } from '#oci/tar';
import { cachesFor, type WantedCaches } from '../build-caches.ts';
import { outputsFor } from '../build-results.ts';
import type { WantedOutput } from '../decode/build-outputs.ts';
import { pullBase } from '../pull-base.ts';
import { readFiles, readTar } from './build-files.ts';
import type { BuildTrace } from './build-trace.ts';
import type { ClientSession } from './client-session.ts';
import { sessionAuth, sessionSecrets } from './session-services.ts';

/** What of a build does not come from its session. */
export type SessionBuildOptions = Omit<
  BuildOptions,
  | 'context'
  | 'namedContexts'
  | 'dockerfileContent'
  | 'ignoreContent'
  | 'secrets'
  | 'ssh'
  | 'pullImage'
  | 'onEvent'
  | 'outputs'
  | 'cacheFrom'
  | 'cacheTo'
> &
  WantedCaches & {
    /** A context that is not the client's. */
    readonly remote: string | undefined;
    readonly outputs: readonly WantedOutput[];
    /** A tar that holds the Dockerfile too; with none the client is asked for files. */
    readonly archive: Readable | undefined;
  };

/** A build whose files, secrets and credentials are asked of the client. */
export async function buildFromSession(
  { builder, images }: Engine,
  session: ClientSession,
  options: SessionBuildOptions,
  trace: BuildTrace,
): Promise<BuildResult> {
  const { signal } = options;
  const authOf = (reference: string) => sessionAuth(session, reference, signal);
  const files = await contextOf(session, options, trace);
  try {
    return await builder.build({
      ...options,
      ...files,
      namedContexts: new Map(),
      secrets: sessionSecrets(session, signal),
      ssh: { has: () => false, connect: () => Promise.reject(unsupported('ssh over a session')) },
      onEvent: trace.add,
      pullImage: pullBase(images, authOf, trace.add),
      ...cachesFor(options, { authOf, read: refuseCache, write: refuseCache }),
      outputs: outputsFor(options.outputs, { authOf, send: (wanted) => refuse(wanted) }),
    });
  } catch (error) {
    throw asSolve(error);
  }
}

type Files = Pick<BuildOptions, 'context' | 'dockerfileContent' | 'ignoreContent'>;

async function contextOf(
  session: ClientSession,
  options: SessionBuildOptions,
  trace: BuildTrace,
): Promise<Files> {
  const { archive, remote } = options;
  if (remote !== undefined) return { context: { kind: 'remote', url: remote } };
  if (archive) return { context: { kind: 'archive', content: archive } };
  return await filesOf(session, options, trace);
}

/** The Dockerfile and its list of exceptions first: they say what else is to come. */
async function filesOf(
  session: ClientSession,
  { dockerfile, signal }: SessionBuildOptions,
  trace: BuildTrace,
): Promise<Files> {
  const own = `${dockerfile}.dockerignore`;
  const described = await trace.work('[internal] load build definition from Dockerfile', () =>
    readFiles(session, 'dockerfile', [dockerfile, own], signal),
  );
  const dockerfileContent = described.get(dockerfile);
  if (dockerfileContent === undefined)
    throw invalid(`failed to read dockerfile: open ${dockerfile}: no such file or directory`);
  const ignoreContent = await trace.work('[internal] load .dockerignore', async () => {
    const text = described.get(own);
    return (
      text ?? (await readFiles(session, 'context', ['.dockerignore'], signal)).get('.dockerignore') ?? ''
    );
  });
  const excludes = readIgnoreFile(ignoreContent);
  return {
    dockerfileContent,
    ignoreContent,
    context: {
      kind: 'asked',
      described: Readable.from([TAR_END]),
      open: async (paths) => readTar(session, { directory: 'context', excludes, paths }, signal),
    },
  };
}

/** As the solver of BuildKit says it; clients look for these words. */
function asSolve(error: unknown): unknown {
  if (error instanceof RunFailed) {
    const command = error.command.join(' ');
    const message = `process "${command}" did not complete successfully: exit code: ${error.exitCode}`;
    return new BerthError('invalid', `failed to solve: ${message}`, { cause: error });
  }
  if (error instanceof BerthError)
    return new BerthError(error.kind, `failed to solve: ${messageOf(error)}`, { cause: error });
  return error;
}

async function refuse({ kind }: WantedOutput): Promise<never> {
  throw unsupported(`output ${kind} is not supported over a session yet: use berth build`);
}

async function refuseCache(): Promise<never> {
  throw unsupported(
    'a cache of type=local is not supported over a session yet: use registry, or berth build',
  );
}
