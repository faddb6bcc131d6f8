import { parse, YAMLParseError } from 'yaml';
import { invalid } from '#lib/errors';
import { type Bakeable, checkTargetName } from './bakeable.ts';
import { interpolate } from './compose-variables.ts';
import { table } from './table.ts';
import { mergeTargets, parseTarget, type Target } from './target.ts';

type Table = Readonly<Record<string, unknown>>;

/** Attributes of `build:` that a target has under another name, or in another shape; all others have their own. */
const RENAMED: Readonly<Record<string, string>> = {
  dockerfile_inline: 'dockerfile-inline',
  additional_contexts: 'contexts',
  cache_from: 'cache-from',
  cache_to: 'cache-to',
  no_cache: 'no-cache',
  extra_hosts: 'extra-hosts',
  shm_size: 'shm-size',
};
const MAPS = ['args', 'labels', 'additional_contexts', 'extra_hosts'];

/** The services of a compose file that are built (Compose specification, build.md), each a target. @throws invalid */
export function parseComposeFile(
  name: string,
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): Bakeable {
  const content = readYaml(name, text);
  const file = table(interpolate(content, env, name), name);
  const secrets = table(file['secrets'] ?? {}, `${name}: secrets`);
  const targets = new Map<string, Target>();
  for (const [service, raw] of Object.entries(table(file['services'] ?? {}, `${name}: services`))) {
    const { build, image } = table(raw ?? {}, `${name}: services.${service}`);
    if (build === undefined || build === null) continue;
    const place = `${name}: services.${service}.build`;
    const said = typeof build === 'string' ? { context: build } : table(build, place);
    targets.set(checkTargetName(targetName(service), name), targetOf(said, { image, secrets, place }));
  }
  return { groups: new Map([['default', [...targets.keys()]]]), targets };
}

function readYaml(name: string, text: string): unknown {
  try {
    return parse(text, { merge: true, maxAliasCount: 1000 });
  } catch (error) {
    if (!(error instanceof YAMLParseError) && !(error instanceof ReferenceError)) throw error;
    throw invalid(`${name}: ${error.message.split('\n', 1)[0] ?? ''}`, error);
  }
}

function targetOf(
  said: Table,
  { image, secrets, place }: { readonly image: unknown; readonly secrets: Table; readonly place: string },
): Target {
  const { 'x-bake': further = {}, secrets: used, ...rest } = said;
  const attributes: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    if (key.startsWith('x-')) continue;
    attributes[RENAMED[key] ?? key] = MAPS.includes(key) ? mapOf(value) : value;
  }
  attributes['contexts'] &&= servicesAsTargets(table(attributes['contexts'], `${place}.additional_contexts`));
  const tags = [...(image === undefined ? [] : [image]), ...list(said['tags'])];
  if (tags.length > 0) attributes['tags'] = tags;
  if (used !== undefined) attributes['secret'] = list(used).map((each) => secretOf(each, secrets, place));
  const own = parseTarget({ context: '.', ...attributes }, place);
  return mergeTargets(own, parseTarget(table(further, `${place}.x-bake`), `${place}.x-bake`));
}

/** `["A=1", "B"]` as well as `{A: 1, B: null}`; hosts may be written with `:`. */
function mapOf(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return Object.fromEntries(
    value.map((entry: unknown) => {
      const [, key = '', own] = /^([^=:]*)(?:[=:](.*))?$/s.exec(String(entry)) ?? [];
      return [key, own ?? null];
    }),
  );
}

/** Names of services may have dots, those of targets may not. */
const targetName = (service: string): string => service.replaceAll('.', '_');

const targetOfService = (context: string): string =>
  context.startsWith('service:') ? `target:${targetName(context.slice(8))}` : context;

const servicesAsTargets = (contexts: Table): Table =>
  Object.fromEntries(Object.entries(contexts).map(([key, value]) => [key, targetOfService(String(value))]));

function secretOf(entry: unknown, secrets: Table, place: string): object {
  const { source, target } =
    typeof entry === 'string' ? { source: entry, target: entry } : table(entry, `${place}.secrets`);
  const { file, environment } = table(secrets[String(source)] ?? {}, `secrets.${String(source)}`);
  const id = target ?? source;
  if (file !== undefined) return { id, src: file };
  if (environment !== undefined) return { id, env: environment };
  throw invalid(
    `${place}.secrets: there is no secret ${String(source)} with a file or an environment variable`,
  );
}

const list = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];
