import { forbidden, invalid } from '#lib/errors';
import type { Challenge } from './challenge.ts';
import { refusal } from './errors.ts';
import type { Response, Transport } from './transport.ts';

export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** An OAuth2 refresh token, exchanged for access tokens. */
  readonly identityToken?: string | undefined;
  /** A bearer token that is sent as it is. */
  readonly registryToken?: string | undefined;
}

const MAX_TOKEN_BYTES = 256 * 1024;
/** The token specification's default, in seconds. */
const DEFAULT_LIFETIME = 60;

interface Token {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/**
 * Ways into one registry: Basic, or bearer tokens that another server gives out per scope (Docker's
 * token authentication specification). Tokens are kept until they expire.
 */
export class Authenticator {
  readonly #transport: Transport;
  readonly #credentials: Credentials;
  /** For a login: the token server is asked for a token that gets others, so that the password need not be kept. */
  readonly #offline: boolean;
  #refreshToken: string | undefined;
  readonly #tokens = new Map<string, Promise<Token>>();
  #challenges: readonly Challenge[] = [];

  constructor(transport: Transport, credentials: Credentials = {}, offline = false) {
    this.#transport = transport;
    this.#credentials = credentials;
    this.#offline = offline;
    this.#refreshToken = credentials.identityToken;
  }

  /** What the token server gave, or was given, to get tokens without a password. */
  get identityToken(): string | undefined {
    return this.#refreshToken;
  }

  /** What the registry wants, as it said last. */
  learn(challenges: readonly Challenge[]): void {
    this.#challenges = challenges;
  }

  /** The Authorization header for these scopes; undefined when there is nothing to show. */
  async header(registry: URL, scopes: readonly string[], signal?: AbortSignal): Promise<string | undefined> {
    const { registryToken, username, password } = this.#credentials;
    if (registryToken) return `Bearer ${registryToken}`;
    const bearer = this.#challenges.find(({ scheme }) => scheme === 'bearer');
    if (bearer) return `Bearer ${await this.#token(bearer, registry, scopes, signal)}`;
    const basic = this.#challenges.some(({ scheme }) => scheme === 'basic');
    return basic && username ? basicHeader(username, password ?? '') : undefined;
  }

  /** The registry did not take it: ask for a new token next time. */
  forget(scopes: readonly string[]): void {
    this.#tokens.delete(scopes.join(' '));
  }

  async #token(
    bearer: Challenge,
    registry: URL,
    scopes: readonly string[],
    signal?: AbortSignal,
  ): Promise<string> {
    const key = scopes.join(' ');
    const pending = this.#tokens.get(key);
    // No waiting without need: who asks at the same time must find the request that is under way.
    const known = pending && (await pending.catch(() => undefined));
    if (known && known.expires > Date.now()) return known.text;
    const token = this.#request(bearer, registry, scopes, signal);
    this.#tokens.set(key, token);
    try {
      return (await token).text;
    } catch (error) {
      if (this.#tokens.get(key) === token) this.#tokens.delete(key);
      throw error;
    }
  }

  async #request(
    bearer: Challenge,
    registry: URL,
    scopes: readonly string[],
    signal?: AbortSignal,
  ): Promise<Token> {
    const { username, password } = this.#credentials;
    const identityToken = this.#refreshToken;
    const realm = realmOf(bearer, registry);
    const secret = identityToken !== undefined || username !== undefined;
    if (secret && realm.protocol === 'http:' && registry.protocol === 'https:') {
      throw forbidden(
        `registry ${registry.host} asks to send credentials to ${realm.host} without encryption`,
      );
    }
    const parameters = new URLSearchParams();
    const service = bearer.parameters.get('service');
    if (service) parameters.set('service', service);
    const started = Date.now();
    if (identityToken) {
      parameters.set('scope', scopes.join(' '));
      parameters.set('grant_type', 'refresh_token');
      parameters.set('refresh_token', identityToken);
      parameters.set('client_id', 'berth');
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const body = Buffer.from(parameters.toString());
      return this.#read(
        realm,
        await this.#transport.send(realm, { method: 'POST', headers, body }, signal),
        started,
      );
    }
    if (this.#offline) {
      parameters.set('offline_token', 'true');
      parameters.set('client_id', 'berth');
    }
    for (const scope of scopes) parameters.append('scope', scope);
    if (username) parameters.set('account', username);
    for (const [name, value] of parameters) realm.searchParams.append(name, value);
    const headers = username ? { authorization: basicHeader(username, password ?? '') } : {};
    return this.#read(realm, await this.#transport.send(realm, { method: 'GET', headers }, signal), started);
  }

  async #read(realm: URL, response: Response, started: number): Promise<Token> {
    const { token, refreshToken } = await readToken(realm, response, started);
    // Some give another one each time, and take each once only.
    if (refreshToken !== undefined && (this.#offline || this.#refreshToken !== undefined))
      this.#refreshToken = refreshToken;
    return token;
  }
}

export const basicHeader = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

function realmOf(bearer: Challenge, registry: URL): URL {
  const realm = bearer.parameters.get('realm') ?? '';
  const url = URL.canParse(realm, registry) ? new URL(realm, registry) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw invalid(`registry ${registry.host} names no valid token server: "${realm.slice(0, 200)}"`);
  }
  return url;
}

async function readToken(
  realm: URL,
  response: Response,
  started: number,
): Promise<{ readonly token: Token; readonly refreshToken: string | undefined }> {
  const body = await response.read(MAX_TOKEN_BYTES);
  if (response.status !== 200) throw refusal({ method: 'GET', url: realm, status: response.status, body });
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString());
  } catch (error) {
    throw invalid(`token server ${realm.host} answers with no JSON`, error);
  }
  const { token, access_token, refresh_token, expires_in } = (answer ?? {}) as Record<string, unknown>;
  const text = token || access_token;
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text))
    throw invalid(`token server ${realm.host} gives no token`);
  const lifetime =
    typeof expires_in === 'number' && expires_in >= DEFAULT_LIFETIME ? expires_in : DEFAULT_LIFETIME;
  return {
    // A little early: it has to arrive before it expires.
    token: { text, expires: started + lifetime * 900 },
    refreshToken: typeof refresh_token === 'string' && refresh_token !== '' ? refresh_token : undefined,
  };
}
