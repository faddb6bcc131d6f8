import type { BuildOptions } from '#engine/build';
import type { RegistryAuth } from '#engine/images';
import { parseReference } from '#oci/reference';
import { Auth, Secrets } from '#protocol/buildkit';
import { code, GrpcError } from '../grpc/errors.ts';
import type { ClientSession } from './client-session.ts';

/** The secrets that the client holds: each is asked for when a step needs it, and kept nowhere. */
export function sessionSecrets(session: ClientSession, signal: AbortSignal): BuildOptions['secrets'] {
  const method = Secrets.method.getSecret;
  return {
    async get(id) {
      if (!session.offers(method)) return undefined;
      try {
        return Buffer.from((await session.grpc.call(method, { id }, signal)).data);
      } catch (error) {
        if (error instanceof GrpcError && error.code === code.notFound) return undefined;
        throw error;
      }
    },
  };
}

/** What clients of BuildKit call Docker's default registry when they are asked for its credentials. */
const DOCKER_HUB = 'registry-1.docker.io';

/** The client's credentials for the registry of an image. */
export async function sessionAuth(
  session: ClientSession,
  reference: string,
  signal: AbortSignal,
): Promise<RegistryAuth | undefined> {
  const method = Auth.method.credentials;
  if (!session.offers(method)) return undefined;
  const { domain } = parseReference(reference);
  const host = domain === 'docker.io' ? DOCKER_HUB : domain;
  const { username, secret } = await session.grpc.call(method, { host }, signal);
  if (secret === '') return undefined;
  // Without a name it is a token that buys others.
  return username === '' ? { identityToken: secret } : { username, password: secret };
}
