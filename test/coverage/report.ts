import { BODIES } from '../fuzz/bodies.ts';
import { OPERATIONS, type Operation } from '../fuzz/operations.ts';
import type { Recorded } from './record.ts';

/** What the tests asked of one operation with success. */
interface Seen {
  requests: number;
  readonly statuses: Set<number>;
  readonly query: Set<string>;
  readonly fields: Set<string>;
}

/** Of a daemon that is in no swarm and has no plugins, refusals are all there is. */
const REFUSED = /^\/(swarm|nodes|services|tasks|secrets|configs|plugins)\b/;
const NEVER = /^\/\{name\}/;

/** What `filters` may hold. */
const FILTERS: Readonly<Record<string, string>> = {
  'GET /containers/json':
    'ancestor,before,exited,expose,health,id,is-task,label,name,network,publish,since,status,volume',
  'POST /containers/prune': 'label,label!,until',
  'GET /images/json': 'before,dangling,label,reference,since,until',
  'POST /images/prune': 'dangling,label,label!,until',
  'GET /images/search': 'is-official,stars',
  'POST /build/prune': 'id,inuse,shared,type,until',
  'GET /networks': 'dangling,driver,id,label,name,scope,type',
  'POST /networks/prune': 'label,label!,until',
  'GET /volumes': 'dangling,driver,label,name',
  'POST /volumes/prune': 'all,label,label!',
  'GET /events': 'container,daemon,event,image,label,network,scope,type,volume',
};

const pattern = ({ path }: Operation) =>
  new RegExp(`^${path.replace(/\{(image|remote)\}/g, '.+').replace(/\{\w+\}/g, '[^/]+')}$`);

/** An empty value is what clients send that know a field and do not use it. */
function fieldsOf(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    return isEmpty(inner) ? [] : [path, ...fieldsOf(inner, path)];
  });
}

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === '' ||
  value === 0 ||
  value === false ||
  (typeof value === 'object' && Object.keys(value).length === 0);

/** Every field that the fuzzer knows of, whatever its value; keys of maps are the user's own. */
function knownFields(value: unknown, prefix = ''): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (!/^[A-Z]\w*$/.test(name)) return [];
    const path = prefix === '' ? name : `${prefix}.${name}`;
    return [path, ...knownFields(inner, path)];
  });
}

/** Operations, parameters and fields that no request of the tests had, one a line; what was there when all is told. */
export function report(requests: readonly Recorded[]): {
  readonly missing: string[];
  readonly told: string[];
} {
  const once = OPERATIONS.filter(
    ({ method, path }, index) =>
      !NEVER.test(path) &&
      index === OPERATIONS.findIndex((other) => other.method === method && other.path === path),
  );
  const table = once.map((operation) => ({
    operation,
    pattern: pattern(operation),
    seen: { requests: 0, statuses: new Set(), query: new Set(), fields: new Set() } as Seen,
  }));
  for (const request of requests) {
    const [path = '', search = ''] = request.url.replace(/^\/v\d+\.\d+(?=\/)/, '').split('?');
    const row = table.find((one) => one.operation.method === request.method && one.pattern.test(path));
    if (!row) continue;
    row.seen.statuses.add(request.status);
    if (request.status >= 400 && !REFUSED.test(path)) continue;
    row.seen.requests++;
    for (const name of parameters(search)) row.seen.query.add(name);
    for (const name of fieldsOf(parsed(request.body))) row.seen.fields.add(name);
  }
  const missing: string[] = [];
  const told: string[] = [];
  for (const { operation, seen } of table) {
    const name = `${operation.method} ${operation.path}`;
    told.push(`${name}: ${seen.requests}, ${[...seen.statuses].toSorted().join(' ')}`);
    if (seen.requests === 0) missing.push(name);
    else if (!REFUSED.test(operation.path))
      missing.push(...lacks(operation, seen).map((what) => `${name} ${what}`));
  }
  return { missing, told };
}

function lacks({ method, path, query, body }: Operation, seen: Seen): string[] {
  const filters = FILTERS[`${method} ${path}`]?.split(',').map((name) => `filters.${name}`) ?? [];
  const parameters = [...query, ...filters].filter((name) => !seen.query.has(name)).map((name) => `?${name}`);
  const fields = body === 'none' || body === 'archive' ? [] : knownFields(BODIES[body]);
  return [...parameters, ...fields.filter((name) => !seen.fields.has(name))];
}

/** `filters` counts as itself and by each filter in it. */
function parameters(search: string): string[] {
  return [...new URLSearchParams(search)].flatMap(([name, value]) => {
    if (name !== 'filters') return [name];
    const filters = parsed(value);
    const names = typeof filters === 'object' && filters !== null ? Object.keys(filters) : [];
    return [name, ...names.map((filter) => `filters.${filter}`)];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
