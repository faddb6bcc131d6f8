import { invalid } from '#lib/errors';
import { table } from './table.ts';

/** What each attribute of a target is. `specs` are `key=value,…` and may be written as objects. */
const KINDS = {
  context: 'text',
  dockerfile: 'text',
  'dockerfile-inline': 'text',
  target: 'text',
  network: 'text',
  'shm-size': 'text',
  call: 'text',
  description: 'text',
  'no-cache': 'switch',
  pull: 'switch',
  args: 'map',
  labels: 'map',
  contexts: 'map',
  'extra-hosts': 'map',
  tags: 'list',
  platforms: 'list',
  inherits: 'list',
  annotations: 'list',
  entitlements: 'list',
  'no-cache-filter': 'list',
  attest: 'specs',
  'cache-from': 'specs',
  'cache-to': 'specs',
  output: 'specs',
  secret: 'specs',
  ssh: 'specs',
} as const;

type Kinds = typeof KINDS;
interface Values {
  readonly text: string;
  readonly switch: boolean;
  /** Null: the value that the name has in the environment. */
  readonly map: Readonly<Record<string, string | null>>;
  readonly list: readonly string[];
  readonly specs: readonly string[];
}

export type Attribute = keyof Kinds;

/** A target of a bake file (Docker's bake reference): what is said of one build. */
export type Target = { readonly [K in Attribute]?: Values[Kinds[K]] };

export const kindOf = (name: string): keyof Values | undefined =>
  Object.hasOwn(KINDS, name) ? KINDS[name as Attribute] : undefined;

/** Of these, what comes later is added to what was there. All others it replaces; maps by their keys. */
const ADDED: readonly string[] = ['annotations', 'attest', 'cache-from', 'entitlements', 'secret', 'ssh'];

/** `later` wins. */
export function mergeTargets(earlier: Target, later: Target): Target {
  const merged: Record<string, unknown> = { ...earlier };
  for (const [name, value] of Object.entries(later)) {
    const before = merged[name];
    if (before !== undefined && kindOf(name) === 'map') merged[name] = Object.assign({}, before, value);
    else if (Array.isArray(before) && Array.isArray(value) && ADDED.includes(name))
      merged[name] = [...new Set([...(before as string[]), ...(value as string[])])];
    else merged[name] = value;
  }
  // Each name has kept the kind of its value.
  return merged as Target;
}

/** Reads attributes from JSON or YAML. `place` is for messages: `target "app"`. @throws invalid, naming the attribute */
export function parseTarget(raw: object, place: string): Target {
  const target: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(raw)) {
    const kind = kindOf(name);
    if (!kind) throw invalid(`${place}: unknown attribute ${name}`);
    if (value === null || value === undefined) continue;
    target[name] =
      name === 'ssh' ? agentsOf(value, `${place}: ssh`) : parseValue(kind, value, `${place}: ${name}`);
  }
  return target as Target;
}

function parseValue(kind: keyof Values, value: unknown, place: string): unknown {
  switch (kind) {
    case 'switch':
      if (value === true || value === 'true' || value === '1') return true;
      if (value === false || value === 'false' || value === '0') return false;
      throw invalid(`${place} must be true or false`);
    case 'text':
      return scalar(value, place);
    case 'map':
      return Object.fromEntries(
        Object.entries(table(value, place)).map(([key, own]) => [
          key,
          own === null ? null : scalar(own, `${place}.${key}`),
        ]),
      );
    default:
      return (Array.isArray(value) ? value : [value]).map((entry: unknown) =>
        kind === 'specs' && typeof entry === 'object' && entry !== null
          ? specOf(entry, place)
          : scalar(entry, place),
      );
  }
}

function scalar(value: unknown, place: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw invalid(`${place} must be text`);
}

/** `{type: "local", dest: "out"}` as `type=local,dest=out`. */
const specOf = (entry: object, place: string): string =>
  Object.entries(entry)
    .map(([key, value]) => {
      const field = `${key}=${scalar(value, `${place}.${key}`)}`;
      return /[",]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
    })
    .join();

/** `{id: "default", paths: ["/agent"]}` as `--ssh` has it: `default=/agent`. */
const agentsOf = (value: unknown, place: string): string[] =>
  (Array.isArray(value) ? value : [value]).map((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return scalar(entry, place);
    const { id, paths = [], ...others } = table(entry, place);
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw invalid(`${place}: unknown key ${unknown}: there is id and paths`);
    if (!Array.isArray(paths) || paths.length > 1) throw invalid(`${place}.paths must have one path`);
    const [path] = paths.map((each: unknown) => scalar(each, `${place}.paths`));
    return [scalar(id, `${place}.id`), ...(path === undefined ? [] : [path])].join('=');
  });
