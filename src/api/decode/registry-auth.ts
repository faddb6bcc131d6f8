import type { RegistryAuth } from '#engine/images';
import { invalid } from '#lib/errors';
import { authConfig, decodeHeaderJson } from '#protocol';
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
  const wire = validate(authConfig, document ?? {});
  const auth: RegistryAuth = {
    ...(wire.username && { username: wire.username }),
    ...(wire.password && { password: wire.password }),
    ...(wire.identitytoken && { identityToken: wire.identitytoken }),
    ...(wire.registrytoken && { registryToken: wire.registrytoken }),
    ...(wire.serveraddress && { serverAddress: wire.serveraddress }),
  };
  return Object.keys(auth).length > 0 ? auth : undefined;
}
