import type { AuthConfig } from '#protocol';
import type { Context } from '../context.ts';
import type { ConfigFile, StoredAuth } from './file.ts';

/** The name under which Docker keeps the credentials of its own registry. */
const HUB_KEY = 'https://index.docker.io/v1/';
const HUB_DOMAIN = 'docker.io';

/** What a stored token is called instead of a user by credential helpers. */
const TOKEN_USER = '<token>';

export const registryKey = (domain: string): string =>
  domain === HUB_DOMAIN || domain === 'index.docker.io' ? HUB_KEY : domain;

/** `https://index.docker.io/v1/` -> `index.docker.io`: a server as users write it, without what is not its host. */
export const registryHost = (server: string): string =>
  server.replace(/^https?:\/\//i, '').split('/', 1)[0] ?? '';

/** The user's credentials for a registry: from a helper, or from config.json; undefined when there are none. */
export async function credentialsFor(
  context: Pick<Context, 'config'>,
  domain: string,
): Promise<AuthConfig | undefined> {
  const config = context.config;
  const key = registryKey(domain);
  const helper = helperFor(config, domain);
  if (helper !== undefined) {
    const { getCredentials } = await import('./credential-helper.ts');
    const found = await getCredentials(helper, key);
    if (!found) return undefined;
    return found.Username === TOKEN_USER
      ? { identitytoken: found.Secret, serveraddress: key }
      : { username: found.Username, password: found.Secret, serveraddress: key };
  }
  const stored =
    config.auths?.[key] ??
    Object.entries(config.auths ?? {}).find(([name]) => registryHost(name) === registryHost(key))?.[1];
  return stored ? decode(stored, key) : undefined;
}

export const helperFor = (config: ConfigFile, domain: string): string | undefined =>
  config.credHelpers?.[registryKey(domain)] ?? (config.credsStore || undefined);

function decode(stored: StoredAuth, key: string): AuthConfig | undefined {
  const tokens = {
    ...(stored.identitytoken && { identitytoken: stored.identitytoken }),
    ...(stored.registrytoken && { registrytoken: stored.registrytoken }),
  };
  if (stored.username && stored.password)
    return { username: stored.username, password: stored.password, serveraddress: key, ...tokens };
  const [, username, password] =
    /^([^:]*):([\s\S]*?)\0*$/.exec(Buffer.from(stored.auth ?? '', 'base64').toString()) ?? [];
  if (username === undefined)
    return Object.keys(tokens).length > 0 ? { ...tokens, serveraddress: key } : undefined;
  return { username, password, serveraddress: key, ...tokens };
}
