import type { Engine } from '#engine';
import type { BuildOptions, BuildResult, Output } from '#engine/build';
import type { Descriptor } from '#oci/image';
import { type CacheDelivery, cachesFor, type WantedCaches } from '../build-caches.ts';
import { outputsFor } from '../build-results.ts';
import type { WantedOutput } from '../decode/build-outputs.ts';
import { pullBase } from '../pull-base.ts';
import type { BuildTrace } from './build-trace.ts';
import { sessionAgents } from './session/agents.ts';
import { readCache, writeCache } from './session/caches.ts';
import type { ClientSession } from './session/client-session.ts';
import { type ContextsRequest, sessionContexts } from './session/contexts.ts';
import { sessionAuth, sessionSecrets } from './session/credentials.ts';
import { sendDirectory } from './session/send-directory.ts';
import { sendFile } from './session/send-file.ts';

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
  ContextsRequest &
  WantedCaches & {
    readonly outputs: readonly WantedOutput[];
    /** The client's directory has a cache of this descriptor now. */
    readonly onCacheWritten?: (descriptor: Descriptor) => void;
  };

/** A build whose files, secrets and credentials are asked of the client, and whose outputs are brought to it. */
export async function buildFromSession(
  engine: Engine,
  session: ClientSession,
  options: SessionBuildOptions,
  trace: BuildTrace,
): Promise<BuildResult> {
  const { builder, images } = engine;
  const { signal } = options;
  const authOf = (reference: string) => sessionAuth(session, reference, signal);
  const contexts = await sessionContexts(session, options, trace, signal);
  return await builder.build({
    ...options,
    ...contexts,
    secrets: sessionSecrets(session, signal),
    ssh: sessionAgents(session, signal),
    onEvent: trace.add,
    pullImage: pullBase(images, authOf, trace.add),
    ...sessionCaches(session, options, authOf),
    outputs: sessionOutputs(engine, session, options, authOf, trace),
  });
}

function sessionOutputs(
  { builder }: Engine,
  session: ClientSession,
  { outputs, signal }: SessionBuildOptions,
  authOf: CacheDelivery['authOf'],
  trace: BuildTrace,
): Output[] {
  return outputsFor(outputs, {
    authOf,
    send: ({ form, index }, content) =>
      trace.work(`exporting to client ${form === 'directory' ? 'directory' : 'tarball'}`, async () => {
        if (form !== 'directory') return await sendFile(session, index, content, signal);
        await using tar = await builder.spool(content);
        await sendDirectory(session, index, tar, signal);
      }),
  });
}

function sessionCaches(
  session: ClientSession,
  { cacheSources, cacheTargets, onCacheWritten, signal }: SessionBuildOptions,
  authOf: CacheDelivery['authOf'],
) {
  return cachesFor(
    { cacheSources, cacheTargets },
    {
      authOf,
      read: async (source, paths) => readCache(session, source, paths, signal),
      async write({ name }, content) {
        const written = await writeCache(session, name, content, signal);
        onCacheWritten?.(written);
      },
    },
  );
}
