import type { Engine } from '#engine';
import type { BuildOptions, BuildResult, Output } from '#engine/build';
import { unsupported } from '#lib/errors';
import { cachesFor, type WantedCaches } from '../build-caches.ts';
import { outputsFor } from '../build-results.ts';
import type { WantedOutput } from '../decode/build-outputs.ts';
import { pullBase } from '../pull-base.ts';
import type { BuildTrace } from './build-trace.ts';
import { sessionAgents } from './session/agents.ts';
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
  WantedCaches & { readonly outputs: readonly WantedOutput[] };

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
    ...cachesFor(options, { authOf, read: refuseCache, write: refuseCache }),
    outputs: sessionOutputs(engine, session, options, trace),
  });
}

function sessionOutputs(
  { builder }: Engine,
  session: ClientSession,
  { outputs, signal }: SessionBuildOptions,
  trace: BuildTrace,
): Output[] {
  return outputsFor(outputs, {
    authOf: (reference) => sessionAuth(session, reference, signal),
    send: ({ form, index }, content) =>
      trace.work(`exporting to client ${form === 'directory' ? 'directory' : 'tarball'}`, async () => {
        if (form !== 'directory') return await sendFile(session, index, content, signal);
        await using tar = await builder.spool(content);
        await sendDirectory(session, index, tar, signal);
      }),
  });
}

async function refuseCache(): Promise<never> {
  throw unsupported(
    'a cache of type=local is not supported over a session yet: use registry, or berth build',
  );
}
