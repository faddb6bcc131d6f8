import { Refusal } from '../errors.ts';
import { allows, DEFAULT_RULES, type Right, type Rule } from './rules.ts';
import { ForeignTokens, type Grant, grantsRight, type Issuer, OwnTokens, parseScope } from './tokens.ts';
import { parseBasic, Users } from './users.ts';

export interface AccessOptions {
  /** Path of users and their bcrypt hashes. */
  readonly htpasswd?: string | undefined;
  /** Tokens of another server are taken; clients are sent there. */
  readonly issuer?: Issuer | undefined;
  /** Who may what; without them every user may everything. */
  readonly rules?: readonly Rule[] | undefined;
  /** What clients know the registry by, in challenges and tokens. */
  readonly service?: string | undefined;
}

/** Who makes a request, as far as he has shown. */
export interface Identity {
  /** Undefined: nobody that we know. */
  readonly user: string | undefined;
  /** His token's, where he has one: it allows this much and no more. */
  readonly grants?: readonly Grant[] | undefined;
}

const ANYBODY: Identity = { user: undefined };

/** Who comes, and who may what. */
export class Access implements AsyncDisposable {
  readonly #users: Users | undefined;
  readonly #own: OwnTokens | undefined;
  readonly #foreign: ForeignTokens | undefined;
  readonly #rules: readonly Rule[];

  private constructor(users: Users | undefined, { issuer, rules, service = 'berth' }: AccessOptions) {
    this.#users = users;
    this.#foreign = issuer && new ForeignTokens(issuer);
    this.#own = issuer ? undefined : new OwnTokens(service);
    this.#rules = rules ?? DEFAULT_RULES;
  }

  /** @throws invalid */
  static async open(options: AccessOptions): Promise<Access> {
    const users = options.htpasswd === undefined ? undefined : await Users.open(options.htpasswd);
    return new Access(users, options);
  }

  /** @throws UNAUTHORIZED when the credentials are wrong */
  async identify(authorization: string | undefined): Promise<Identity> {
    if (authorization === undefined) return ANYBODY;
    const basic = parseBasic(authorization);
    if (basic) {
      if (await this.#users?.verify(basic.name, basic.password)) return { user: basic.name };
      throw unauthorized('invalid username or password');
    }
    const token = /^bearer +([\w.~+/=-]+) *$/i.exec(authorization)?.[1];
    const holder = token && (await (this.#own ?? this.#foreign)?.verify(token));
    if (!holder) throw unauthorized('invalid token');
    return holder;
  }

  may({ user, grants }: Identity, repository: string, right: Right): boolean {
    if (grants) return grantsRight(grants, repository, right);
    return allows(this.#rules, user, repository, right);
  }

  /** May he know that it exists? A token that was asked for something else still tells who he is. */
  sees({ user, grants }: Identity, repository: string): boolean {
    if (!this.#foreign) return allows(this.#rules, user, repository, 'pull');
    return (grants ?? []).some(
      ({ type, name, actions }) =>
        (type === 'registry' && name === 'catalog' && actions.includes('*')) ||
        (type === 'repository' && name === repository && actions.includes('pull')),
    );
  }

  /** A token for as much of the scopes as he may. @throws UNSUPPORTED when another server issues them */
  async issue({ user }: Identity, scopes: readonly string[]) {
    if (!this.#own) throw new Refusal('UNSUPPORTED', 'another server issues the tokens', { status: 404 });
    const grants = scopes.flatMap((scope): Grant[] => {
      const asked = parseScope(scope);
      if (!asked) return [];
      const actions = asked.rights.filter((right) => allows(this.#rules, user, asked.name, right));
      return actions.length > 0 ? [{ type: 'repository', name: asked.name, actions }] : [];
    });
    return this.#own.issue({ user, grants });
  }

  /** WWW-Authenticate. @param base the registry's own address, as the client knows it */
  challenge(base: string, scopes: readonly string[], error?: string): string {
    const { realm, service } = this.#foreign?.issuer ?? {
      realm: `${base}/token`,
      service: this.#own?.service ?? '',
    };
    const scope = scopes.length > 0 ? `,scope="${scopes.join(' ')}"` : '';
    return `Bearer realm="${realm}",service="${service}"${scope}${error ? `,error="${error}"` : ''}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#users?.[Symbol.asyncDispose]();
  }
}

export const unauthorized = (message: string): Refusal => new Refusal('UNAUTHORIZED', message);
