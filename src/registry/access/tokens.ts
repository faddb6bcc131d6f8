import { createPublicKey, createSecretKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { invalid, messageOf } from '#lib/errors';
import { RIGHTS, type Right } from './rules.ts';

/** What a token allows, in its `access` claim (Docker's "Token Authentication Implementation"). */
export interface Grant {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export interface TokenHolder {
  readonly user: string | undefined;
  readonly grants: readonly Grant[];
}

/** A token that was read is not asked for long: a push of a large image asks for new ones. */
const LIFETIME_S = 300;
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** Tokens of this registry's own, good until it is restarted. */
export class OwnTokens {
  readonly #key = createSecretKey(randomBytes(32));
  readonly service: string;

  constructor(service: string) {
    this.service = service;
  }

  async issue({ user, grants }: TokenHolder): Promise<{ token: string; seconds: number; issued: Date }> {
    const issued = new Date();
    const claims: JWTPayload = { access: grants, ...(user !== undefined && { sub: user }) };
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(this.service)
      .setAudience(this.service)
      .setIssuedAt(issued)
      .setExpirationTime(`${LIFETIME_S}s`)
      .sign(this.#key);
    return { token, seconds: LIFETIME_S, issued };
  }

  /** Undefined when it is not ours, or no longer good. */
  async verify(token: string): Promise<TokenHolder | undefined> {
    const options = { algorithms: ['HS256'], issuer: this.service, audience: this.service };
    return jwtVerify(token, this.#key, options).then(({ payload }) => holderOf(payload), nobody);
  }
}

export interface Issuer {
  /** The address where clients get tokens. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** A JSON Web Key Set, or PEM: public keys or certificates. */
  readonly keys: string;
}

/** Tokens that another server issues, known by its public keys. */
export class ForeignTokens {
  readonly issuer: Issuer;
  readonly #keys: readonly (KeyObject | ReturnType<typeof createLocalJWKSet>)[];

  /** @throws invalid */
  constructor(issuer: Issuer) {
    this.issuer = issuer;
    this.#keys = readKeys(issuer.keys);
  }

  async verify(token: string): Promise<TokenHolder | undefined> {
    const { issuer, service: audience } = this.issuer;
    const options = { algorithms: ASYMMETRIC, issuer, audience, clockTolerance: 30 };
    for (const key of this.#keys) {
      const verified =
        typeof key === 'function' ? jwtVerify(token, key, options) : jwtVerify(token, key, options);
      const holder = await verified.then(({ payload }) => holderOf(payload), nobody);
      if (holder) return holder;
    }
    return undefined;
  }
}

const nobody = () => undefined;

function readKeys(text: string): (KeyObject | ReturnType<typeof createLocalJWKSet>)[] {
  try {
    if (text.trimStart().startsWith('{')) return [createLocalJWKSet(JSON.parse(text) as JSONWebKeySet)];
    const blocks = text.match(/-----BEGIN [A-Z ]+-----[^-]+-----END [A-Z ]+-----/g) ?? [];
    if (blocks.length === 0) throw new Error('there is no key in it');
    return blocks.map((block) =>
      block.includes('CERTIFICATE') ? new X509Certificate(block).publicKey : createPublicKey(block),
    );
  } catch (error) {
    throw invalid(`cannot read the keys of the token issuer: ${messageOf(error)}`, error);
  }
}

/** Its signature was verified; what it says may still be anything. */
function holderOf({ sub, access }: JWTPayload): TokenHolder {
  const grants = (Array.isArray(access) ? access : []).filter(isGrant);
  return { user: sub || undefined, grants };
}

const isGrant = (value: unknown): value is Grant =>
  typeof value === 'object' &&
  value !== null &&
  'type' in value &&
  'name' in value &&
  'actions' in value &&
  Array.isArray(value.actions);

export const grantsRight = (grants: readonly Grant[], repository: string, right: Right): boolean =>
  grants.some(
    ({ type, name, actions }) =>
      type === 'repository' && name === repository && (actions.includes(right) || actions.includes('*')),
  );

/** `repository:team/app:pull,push` */
export function parseScope(scope: string): { readonly name: string; readonly rights: Right[] } | undefined {
  const [, name, actions] = /^repository(?:\([^)]*\))?:([^:]+):([a-z*,]+)$/.exec(scope) ?? [];
  if (name === undefined || actions === undefined) return undefined;
  const asked = actions.split(',');
  return { name, rights: RIGHTS.filter((right) => asked.includes(right) || asked.includes('*')) };
}
