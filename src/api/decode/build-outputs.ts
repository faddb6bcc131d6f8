import { invalid } from '#lib/errors';
import { buildOutputs } from '#protocol';
import type { Query } from '../query.ts';
import { parseJson, validate } from '../validation.ts';
import { type Attributes, flagOf } from './attributes.ts';

/** What a client wants of a build's result: `--output type=…`. */
export interface WantedOutput {
  readonly kind: 'image' | 'registry' | 'archive' | 'tree';
  /** What the client makes of what it gets. */
  readonly form?: 'directory';
  /** Its place in the request: the client knows it by that. */
  readonly index: number;
  readonly names: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly indexAnnotations: Readonly<Record<string, string>>;
  readonly rewriteTimes: boolean;
}

const KNOWN = [
  'name',
  'dest',
  'tar',
  'push',
  'store',
  'unpack',
  'oci-mediatypes',
  'compression',
  'platform-split',
  'rewrite-timestamp',
];

/** Which a client sends with the others, and which say nothing to us. */
const OF_THE_CLIENT = ['buildinfo-attrs', 'prefer-image-digest', 'context', 'mode'];

/** `outputs`: JSON of `[{"Type":"oci","Attrs":{…}}]`; without it an image of the names `t`. @throws invalid */
export function wantedOutputs(query: Query): WantedOutput[] {
  const text = query.text('outputs');
  const names = query.all('t').filter(Boolean);
  const image = {
    kind: 'image',
    index: 0,
    names,
    annotations: {},
    indexAnnotations: {},
    rewriteTimes: false,
  } as const;
  if (text === '') return [image];
  const outputs = validate(buildOutputs, parseJson(text) ?? []);
  if (outputs.length === 0) return [image];
  return outputs.flatMap(({ Type = '', Attrs }, index) =>
    decode(Type, new Map(Object.entries(Attrs ?? {})), index, names),
  );
}

/** An output of the gRPC API: its client has what leads to it. @throws invalid */
export function wantedOutput(
  type: string,
  attributes: Readonly<Record<string, string>>,
  index: number,
): WantedOutput[] {
  const known = new Map(Object.entries(attributes));
  if (type === 'docker') known.set('dest', '-');
  for (const name of OF_THE_CLIENT) known.delete(name);
  return decode(type, known, index, []);
}

function decode(
  type: string,
  attributes: Attributes,
  index: number,
  tags: readonly string[],
): WantedOutput[] {
  const own = (attributes.get('name') ?? '').split(',').filter(Boolean);
  const form = {
    index,
    names: own.length > 0 ? own : tags,
    annotations: annotationsOf(attributes, MANIFEST_ANNOTATION),
    indexAnnotations: annotationsOf(attributes, INDEX_ANNOTATION),
    rewriteTimes: flag(attributes, 'rewrite-timestamp'),
  };
  const unknown = [...attributes.keys()].find((key) => !KNOWN.includes(key) && !key.startsWith('annotation'));
  if (unknown !== undefined) throw invalid(`output type=${type}: unknown attribute "${unknown}"`);
  const compression = attributes.get('compression') ?? 'gzip';
  if (compression !== 'gzip')
    throw invalid(`output compression=${compression} is not supported: layers are gzip`);
  switch (type) {
    case 'image':
    case 'moby':
      return [
        ...(flag(attributes, 'store', true) ? [{ ...form, kind: 'image' } as const] : []),
        ...(flag(attributes, 'push') ? [pushed(form)] : []),
      ];
    case 'registry':
      return [pushed(form)];
    case 'docker':
      return [{ ...form, kind: attributes.has('dest') ? 'archive' : 'image' }];
    case 'oci':
      return [{ ...form, kind: 'archive' }];
    case 'tar':
      return [{ ...form, kind: 'tree' }];
    case 'local':
      return [{ ...form, kind: 'tree', form: 'directory' }];
    case 'cacheonly':
      return [];
    default:
      throw invalid(
        `unknown output type "${type}": use image, registry, docker, oci, tar, local or cacheonly`,
      );
  }
}

function pushed(form: Omit<WantedOutput, 'kind'>): WantedOutput {
  if (form.names.length === 0) throw invalid('an image that is pushed needs a name: tag it');
  return { ...form, kind: 'registry' };
}

/** `annotation.KEY`, `annotation-manifest[PLATFORM].KEY`: of the images' manifests. */
const MANIFEST_ANNOTATION = /^annotation(?:-manifest)?(?:\[[^\]]*\])?\.(.+)$/;
const INDEX_ANNOTATION = /^annotation-index\.(.+)$/;

function annotationsOf(attributes: Attributes, form: RegExp): Record<string, string> {
  const annotations: Record<string, string> = {};
  for (const [key, value] of attributes) {
    const name = form.exec(key)?.[1];
    if (name !== undefined) annotations[name] = value;
  }
  return annotations;
}

/** Without a value it is true. */
const flag = (attributes: Attributes, name: string, absent = false): boolean =>
  attributes.get(name) === '' || flagOf('output', attributes, name, absent);
