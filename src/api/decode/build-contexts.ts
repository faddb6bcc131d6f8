import { invalid } from '#lib/errors';
import { buildContexts } from '#protocol';
import type { Query } from '../query.ts';
import { parseJson, validate } from '../validation.ts';

/** Where a client says that files of a build are. */
export type WantedContext =
  /** With the client, which is asked for them. */
  | { readonly kind: 'asked' }
  | { readonly kind: 'layout'; readonly reference: string }
  | { readonly kind: 'remote'; readonly url: string }
  | { readonly kind: 'image'; readonly reference: string };

/** `contexts`, ours: JSON of `{"name":"docker-image://…"}`. `client:` is a directory of the client. @throws invalid */
export function namedContexts(query: Query): Map<string, WantedContext> {
  const text = query.text('contexts');
  if (text === '') return new Map();
  const named = Object.entries(validate(buildContexts, parseJson(text) ?? {}));
  return new Map(named.map(([name, value]) => [name, contextOf(name, value)]));
}

function contextOf(name: string, value: string): WantedContext {
  if (name === '') throw invalid('a build context needs a name');
  const [, scheme = '', rest = ''] = /^([a-z-]+:(?:\/\/)?)?(.*)$/s.exec(value) ?? [];
  switch (scheme) {
    case 'client:':
      return { kind: 'asked' };
    case 'client-layout:':
      return { kind: 'layout', reference: rest };
    case 'docker-image://':
      return { kind: 'image', reference: rest };
    case 'http://':
    case 'https://':
    case 'git://':
    case 'ssh://':
      return { kind: 'remote', url: value };
    default:
      if (value.startsWith('git@') || value.startsWith('github.com/')) return { kind: 'remote', url: value };
      throw invalid(
        `build context ${name}: "${value}" is not supported: use docker-image://, https:// or git`,
      );
  }
}
