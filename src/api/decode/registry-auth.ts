import type { RegistryAuth } from '#engine/images';
import { invalid } from '#lib/errors';
import { parseReference } from '#oci/reference';
import { type AuthConfig, authConfig, decodeHeaderJson, registryConfigDocument } from '#protocol';
import { validate } from '../validation.ts';

/** The header X-Registry-Auth; undefined when it says nothing, also when it is broken: Docker goes on without it. */
export function registryAuth(header: string | undefined): RegistryAuth | undefined {
  if (!header) return undefined;
  try {
    return registryAuthOf(validate(authConfig, decodeHeaderJson(header) ?? {}));
  } catch {
    return undefined;
  }
}

export function registryAuthOf(wire: AuthConfig): RegistryAuth | undefined {
  // Credentials may come as one text, as they are written in a configuration file.
  const [username, password] = wire.username ? [wire.username, wire.password] : decodeAuth(wire.auth ?? '');
  const auth: RegistryAuth = {
    ...(username && { username }),
    ...(password && { password }),
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
    return wire && registryAuthOf(wire);
  };
}

/** What clients store its credentials under. */
const DOCKER_HUB = 'https://index.docker.io/v1/';

function decodeAuth(text: string): [string?, string?] {
  const decoded = Buffer.from(text, 'base64').toString();
  const mark = decoded.indexOf(':');
  return mark < 0 ? [] : [decoded.slice(0, mark), decoded.slice(mark + 1)];
}
