import type { RegistryAuth } from '#engine/images';
import { invalid } from '#lib/errors';
import { parseReference } from '#oci/reference';
import { authConfig, decodeHeaderJson, registryConfigDocument, type Static } from '#protocol';
import { validate } from '../validation.ts';

/** The header X-Registry-Auth; undefined when it says nothing. @throws invalid */
export function registryAuth(header: string | undefined): RegistryAuth | undefined {
  if (!header) return undefined;
  let document: unknown;
  try {
    document = decodeHeaderJson(header);
  } catch (error) {
    throw invalid('invalid X-Registry-Auth header: it must be base64url-encoded JSON', error);
  }
  return authOf(validate(authConfig, document ?? {}));
}

function authOf(wire: Static<typeof authConfig>): RegistryAuth | undefined {
  const auth: RegistryAuth = {
    ...(wire.username && { username: wire.username }),
    ...(wire.password && { password: wire.password }),
    ...(wire.identitytoken && { identityToken: wire.identitytoken }),
    ...(wire.registrytoken && { registryToken: wire.registrytoken }),
    ...(wire.serveraddress && { serverAddress: wire.serveraddress }),
  };
  return Object.keys(auth).length > 0 ? auth : undefined;
}

/** The header X-Registry-Config: credentials for whatever registry a build pulls from. @throws invalid */
export function registryConfig(header: string | undefined): (reference: string) => RegistryAuth | undefined {
  if (!header) return () => undefined;
  let document: unknown;
  try {
    document = decodeHeaderJson(header);
  } catch (error) {
    throw invalid('invalid X-Registry-Config header: it must be base64url-encoded JSON', error);
  }
  const byRegistry = new Map(Object.entries(validate(registryConfigDocument, document ?? {})));
  return (reference) => {
    const { domain } = parseReference(reference);
    const wire = byRegistry.get(domain) ?? (domain === 'docker.io' ? byRegistry.get(DOCKER_HUB) : undefined);
    return wire && authOf(wire);
  };
}

/** What clients store its credentials under. */
const DOCKER_HUB = 'https://index.docker.io/v1/';
