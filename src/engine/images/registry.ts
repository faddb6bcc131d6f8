import { isKind, notFound } from '#lib/errors';
import { familiarName, familiarRepository, type Reference } from '#oci/reference';
import type { Repository } from '#oci/remote';
import type { ImagesContext } from './context.ts';

export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
  readonly serverAddress?: string;
}

/** A connection to the repository of a reference; dispose it. Mirrors serve what comes without a domain, for pulls. */
export async function connect(
  { insecureRegistries, registryMirrors }: ImagesContext,
  reference: Reference,
  auth: RegistryAuth | undefined,
  purpose: 'pull' | 'push',
): Promise<Repository> {
  // The HTTP client is large, and most daemons that start do not pull.
  const { Remote } = await import('#oci/remote');
  const mirrored = purpose === 'pull' && reference.domain === 'docker.io';
  return Remote.repository(reference, {
    auth,
    insecure: insecureRegistries.includes(reference.domain),
    ...(mirrored && registryMirrors.length > 0 && { mirrors: registryMirrors }),
  });
}

/** What a registry's refusal means to who asked, in Docker's words. */
export function explainRefusal(error: unknown, reference: Reference): unknown {
  const repository = familiarRepository(reference);
  if (isKind(error, 'unauthorized') || isKind(error, 'forbidden')) {
    return notFound(
      `pull access denied for ${repository}, repository does not exist or may require 'docker login': ${error.message}`,
      error,
    );
  }
  if (isKind(error, 'not-found')) {
    return notFound(`manifest for ${familiarName(reference)} not found: ${error.message}`, error);
  }
  return error;
}
