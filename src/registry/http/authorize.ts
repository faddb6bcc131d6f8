import type { Access, Identity } from '../access/access.ts';
import type { Right } from '../access/rules.ts';
import { Refusal } from '../errors.ts';
import type { Exchange } from './exchange.ts';
import type { Route } from './route.ts';

interface Need {
  readonly name: string;
  readonly right: Right;
}

/** Finds out who asks, and whether he may. @throws UNAUTHORIZED with what the client should do about it, DENIED */
export async function authorize(access: Access, exchange: Exchange, route: Route): Promise<void> {
  const header = exchange.header('authorization');
  const need = needOf(route, exchange.method);
  const scopes = need ? [`repository:${need.name}:${need.right === 'push' ? 'pull,push' : need.right}`] : [];
  const demand = (message: string, error?: string) =>
    new Refusal('UNAUTHORIZED', message, {
      headers: {
        'www-authenticate':
          route.kind === 'page' || route.kind === 'token'
            ? 'Basic realm="Berth registry", charset="UTF-8"'
            : access.challenge(exchange.base, scopes, error),
      },
    });
  let identity: Identity;
  try {
    identity = await access.identify(header);
  } catch (error) {
    if (error instanceof Refusal && error.code === 'UNAUTHORIZED')
      throw demand(error.message, 'invalid_token');
    throw error;
  }
  exchange.guarded = true;
  exchange.user = identity.user;
  exchange.may = (repository, right) => access.may(identity, repository, right);
  exchange.sees = (repository) => access.sees(identity, repository);
  exchange.token = (asked) => access.issue(identity, asked);
  // Clients ask this to learn how to show who they are: whoever showed nothing is told, whatever all may do.
  if (header === undefined && (route.kind === 'ping' || exchange.query.has('login')))
    throw demand('authentication required');
  if (!need || access.may(identity, need.name, need.right)) return;
  if (identity.grants) throw demand('the token does not allow this', 'insufficient_scope');
  if (identity.user === undefined) throw demand('authentication required');
  throw new Refusal('DENIED', `${identity.user} has no right to ${need.right} ${need.name}`);
}

function needOf(route: Route, method: string): Need | undefined {
  switch (route.kind) {
    case 'tags':
    case 'referrers':
      return { name: route.name, right: 'pull' };
    case 'uploads':
    case 'upload':
      return { name: route.name, right: 'push' };
    case 'manifest':
    case 'blob':
      if (method === 'DELETE') return { name: route.name, right: 'delete' };
      return { name: route.name, right: method === 'PUT' ? 'push' : 'pull' };
    default:
      return undefined;
  }
}

/** GET /token, where clients come whom a challenge sent. */
export async function issueToken(exchange: Exchange): Promise<void> {
  const scopes = exchange.query.getAll('scope').flatMap((scope) => scope.split(' '));
  const { token, seconds, issued } = await exchange.token(scopes);
  exchange.json(
    200,
    { token, access_token: token, expires_in: seconds, issued_at: issued.toISOString() },
    { 'cache-control': 'no-store' },
  );
}
