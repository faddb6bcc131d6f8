import { invalid } from '#lib/errors';
import type { Exchange } from './exchange.ts';

export type Handler = (exchange: Exchange) => Promise<void> | void;
export type Params = Readonly<Record<string, string>>;
type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

interface Route {
  readonly pattern: RegExp;
  readonly handler: Handler;
}

/**
 * Finds a handler by method and path. A template's `{id}` is one segment; `{name...}` spans slashes, which
 * image names are full of, also in the middle of a path. The first template that fits wins.
 */
export class Router {
  /** By method and first segment, so that a look-up tries a handful. */
  readonly #routes = new Map<string, Route[]>();

  get(template: string, handler: Handler): void {
    this.#add('GET', template, handler);
  }

  head(template: string, handler: Handler): void {
    this.#add('HEAD', template, handler);
  }

  post(template: string, handler: Handler): void {
    this.#add('POST', template, handler);
  }

  put(template: string, handler: Handler): void {
    this.#add('PUT', template, handler);
  }

  delete(template: string, handler: Handler): void {
    this.#add('DELETE', template, handler);
  }

  /** @throws invalid when the path has a broken percent-escape */
  find(method: string, path: string): { handler: Handler; params: Params } | undefined {
    for (const { pattern, handler } of this.#routes.get(bucket(method, path)) ?? []) {
      const match = pattern.exec(path);
      if (match) return { handler, params: decodeAll(match.groups ?? {}) };
    }
    return undefined;
  }

  #add(method: Method, template: string, handler: Handler): void {
    const key = bucket(method, template);
    const routes = this.#routes.get(key) ?? [];
    routes.push({ pattern: compile(template), handler });
    this.#routes.set(key, routes);
  }
}

const bucket = (method: string, path: string): string => {
  const end = path.indexOf('/', 1);
  return `${method} ${end < 0 ? path : path.slice(0, end)}`;
};

function compile(template: string): RegExp {
  const source = template
    .replace(/[.+*?^$()|[\]\\]/g, '\\$&')
    .replace(/\{(\w+)(\\\.\\\.\\\.)?\}/g, (_, name: string, rest?: string) =>
      rest ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`,
    );
  return new RegExp(`^${source}$`);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(`invalid URL escape in ${JSON.stringify(text)}`);
  }
}

function decodeAll(groups: Params): Params {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(groups)) {
    params[name] = decode(value);
    if (params[name].includes('\0')) throw invalid(`invalid ${name}: it contains a NUL character`);
  }
  return params;
}
