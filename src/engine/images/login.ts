import { BerthError, invalid, isKind } from '#lib/errors';
import type { ImagesContext } from './context.ts';
import type { RegistryAuth } from './registry.ts';

const DOCKER_HUB = ['', 'docker.io', 'index.docker.io', 'registry-1.docker.io'];

/**
 * Checks credentials with their registry, Docker Hub when they name none. The identity token that the registry gives
 * in place of the password, if it does.
 * @throws unauthorized, unavailable when the registry cannot be reached
 */
export async function login(
  { registries }: ImagesContext,
  auth: RegistryAuth,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const domain = registryDomain(auth.serverAddress ?? '');
  const { Remote } = await import('#oci/remote');
  // No repository is asked for: the registry itself is.
  await using registry = Remote.repository(
    { domain, path: '-' },
    { auth, offline: true, ...(await registries.optionsFor(domain)) },
  );
  try {
    return await registry.login(signal);
  } catch (error) {
    if (isKind(error, 'unauthorized') || isKind(error, 'forbidden')) {
      throw new BerthError('unauthorized', `login attempt to ${domain} failed: ${error.message}`, {
        cause: error,
      });
    }
    throw error;
  }
}

/** The registry that an address such as `https://index.docker.io/v1/` or `localhost:5000` means. @throws invalid */
export function registryDomain(address: string): string {
  const host = address
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/s, '')
    .toLowerCase();
  if (DOCKER_HUB.includes(host)) return 'docker.io';
  if (!/^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.test(host)) {
    throw invalid(`invalid registry address: ${JSON.stringify(address)}`);
  }
  return host;
}
