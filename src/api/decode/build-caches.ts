import { invalid, unsupported } from '#lib/errors';
import { buildCaches, buildImageNames } from '#protocol';
import type { Query } from '../query.ts';
import { parseJson, validate } from '../validation.ts';
import { type Attributes, expectOnly, flagOf } from './attributes.ts';

/** `--cache-from`, as a client says it. */
export type WantedCacheSource =
  | { readonly kind: 'image' | 'registry'; readonly reference: string }
  /** A directory of the client, which knows it by its place in the request. */
  | { readonly kind: 'local'; readonly index: number; readonly name: string; readonly reference: string };

interface Kept {
  readonly mode: 'min' | 'max';
  readonly mounts: boolean;
  readonly ignoreError: boolean;
}

/** `--cache-to`. */
export type WantedCacheTarget =
  | { readonly kind: 'inline' }
  | ({ readonly kind: 'registry'; readonly reference: string } & Kept)
  | ({
      readonly kind: 'local';
      readonly index: number;
      readonly name: string;
      readonly reference: string;
    } & Kept);

/** `cachefrom` is Docker's: JSON of images' names; `cacheimports` is ours: `[{"Type":"local","Attrs":{…}}]`. @throws invalid */
export function cacheSources(query: Query): WantedCacheSource[] {
  const names = query.text('cachefrom');
  const images = names === '' ? [] : validate(buildImageNames, parseJson(names) ?? []);
  const listed = listedSources(query.text('cacheimports'));
  return [...images.map((reference) => ({ kind: 'image' as const, reference })), ...listed];
}

/** `cacheexports`, ours. @throws invalid */
export const cacheTargets = (query: Query): WantedCacheTarget[] =>
  parsed(query.text('cacheexports')).map(({ type, attributes }, index) =>
    cacheTarget(type, attributes, index),
  );

/** `[{"Type":"local","Attrs":{…}}]`; '': none. @throws invalid, unsupported */
export const listedSources = (text: string): WantedCacheSource[] =>
  parsed(text).map(({ type, attributes }, index) => cacheSource(type, attributes, index));

function parsed(text: string): { readonly type: string; readonly attributes: Attributes }[] {
  if (text === '') return [];
  return validate(buildCaches, parseJson(text) ?? []).map(({ Type = '', Attrs }) => ({
    type: Type,
    attributes: new Map(Object.entries(Attrs ?? {})),
  }));
}

/** @throws invalid, unsupported */
export function cacheSource(type: string, attributes: Attributes, index: number): WantedCacheSource {
  const of = `--cache-from type=${type}`;
  switch (type) {
    case 'image':
    case 'registry':
      expectOnly(of, attributes, ['ref']);
      return { kind: type, reference: required(of, attributes, 'ref') };
    case 'local':
      expectOnly(of, attributes, ['src', 'tag', 'digest']);
      return {
        kind: 'local',
        index,
        name: required(of, attributes, 'src'),
        reference: attributes.get('digest') ?? attributes.get('tag') ?? 'latest',
      };
    default:
      throw unknownType('from', type);
  }
}

/** @throws invalid, unsupported */
export function cacheTarget(type: string, attributes: Attributes, index: number): WantedCacheTarget {
  const of = `--cache-to type=${type}`;
  switch (type) {
    case 'inline':
      expectOnly(of, attributes, []);
      return { kind: 'inline' };
    case 'registry':
      expectOnly(of, attributes, ['ref', ...KEPT]);
      return { kind: 'registry', reference: required(of, attributes, 'ref'), ...keptOf(attributes) };
    case 'local':
      expectOnly(of, attributes, ['dest', 'tag', ...KEPT]);
      return {
        kind: 'local',
        index,
        name: required(of, attributes, 'dest'),
        reference: attributes.get('tag') ?? 'latest',
        ...keptOf(attributes),
      };
    default:
      throw unknownType('to', type);
  }
}

const KEPT = [
  'mode',
  'mounts',
  'ignore-error',
  'compression',
  'force-compression',
  'oci-mediatypes',
  'image-manifest',
];

function keptOf(attributes: Attributes): Kept {
  const mode = attributes.get('mode') ?? 'min';
  if (mode !== 'min' && mode !== 'max') throw invalid(`invalid cache mode "${mode}": use min or max`);
  const compression = attributes.get('compression') ?? 'gzip';
  if (compression !== 'gzip')
    throw invalid(`cache compression=${compression} is not supported: layers are gzip`);
  for (const form of ['oci-mediatypes', 'image-manifest'])
    if (!flagOf('cache', attributes, form, true))
      throw unsupported(`a cache with ${form}=false is not supported`);
  return {
    mode,
    mounts: flagOf('cache', attributes, 'mounts'),
    ignoreError: flagOf('cache', attributes, 'ignore-error'),
  };
}

function unknownType(way: 'from' | 'to', type: string) {
  if (['gha', 's3', 'azblob'].includes(type))
    return unsupported(`a cache of type=${type} is not supported: use registry or local`);
  const known = way === 'to' ? 'inline, registry or local' : 'registry or local';
  return invalid(`unknown cache type "${type}": use ${known}`);
}

function required(of: string, attributes: Attributes, name: string): string {
  const value = attributes.get(name);
  if (!value) throw invalid(`${of} needs ${name}=…`);
  return value;
}
