import type { Reference } from '#oci/reference';
import type { RegistryAction, Repository } from '#oci/remote';
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
  { registries }: ImagesContext,
  reference: Reference,
  auth: RegistryAuth | undefined,
  purpose: 'pull' | 'push',
): Promise<Repository> {
  // The HTTP client is large, and most daemons that start do not pull.
  const { Remote } = await import('#oci/remote');
  const mirrored = purpose === 'pull' && reference.domain === 'docker.io';
  return Remote.repository(reference, {
    auth,
    ...(await registries.optionsFor(reference.domain)),
    ...(mirrored && registries.mirrors.length > 0 && { mirrors: registries.mirrors }),
  });
}

/** The registry's answer; a refusal in Docker's words, which name what was asked for. */
export async function asked<T>(
  reference: Reference,
  action: RegistryAction,
  answer: () => Promise<T>,
): Promise<T> {
  try {
    return await answer();
  } catch (error) {
    const { explainRefusal } = await import('#oci/remote');
    throw explainRefusal(error, reference, action);
  }
}
