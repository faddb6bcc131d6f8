import { resolve } from 'node:path';
import { invalid } from '#lib/errors';
import { parseSize } from '#lib/sizes';
import type { Mount } from '#protocol';
import { csvFields } from './csv.ts';

/** A mount while its fields are collected. */
interface Draft {
  Type: string;
  Source?: string;
  Target?: string;
  ReadOnly?: boolean;
  Consistency?: string;
  readonly bind: Record<string, string | boolean>;
  readonly volume: {
    NoCopy?: boolean;
    Subpath?: string;
    Labels?: Record<string, string>;
    driver?: string;
    options?: Record<string, string>;
  };
  readonly tmpfs: { SizeBytes?: number; Mode?: number };
  readonly image: { Subpath?: string };
}

const PROPAGATIONS = new Set(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave']);
const SWITCHES = new Set(['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive', 'bind-create-src']);

/** `--mount type=bind,source=/a,target=/b,readonly`. Relative sources are of the working directory. @throws invalid */
export function parseMount(text: string): Mount {
  const draft: Draft = { Type: 'volume', bind: {}, volume: {}, tmpfs: {}, image: {} };
  for (const field of csvFields(text)) setField(draft, field);
  if (!draft.Target) throw invalid('target is required');
  checkOptions(draft);
  return finish(draft, draft.Target);
}

function setField(draft: Draft, field: string): void {
  const equals = field.indexOf('=');
  const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
  if (equals < 0 && !SWITCHES.has(key)) throw invalid(`invalid field '${field}' must be a key=value pair`);
  const value = equals < 0 ? 'true' : field.slice(equals + 1);
  switch (key) {
    case 'type':
      draft.Type = value.toLowerCase();
      return;
    case 'source':
    case 'src':
      draft.Source = /^\.{1,2}(\/|$)/.test(value) ? resolve(value) : value;
      return;
    case 'target':
    case 'dst':
    case 'destination':
      draft.Target = value;
      return;
    case 'readonly':
    case 'ro':
      draft.ReadOnly = toBool(key, value);
      return;
    case 'consistency':
      draft.Consistency = value.toLowerCase();
      return;
    case 'bind-propagation':
      if (!PROPAGATIONS.has(value)) throw invalid(`invalid value for ${key}: ${value}`);
      draft.bind['Propagation'] = value.toLowerCase();
      return;
    case 'bind-nonrecursive':
      draft.bind['NonRecursive'] = toBool(key, value);
      return;
    case 'bind-create-src':
      draft.bind['CreateMountpoint'] = toBool(key, value);
      return;
    case 'bind-recursive':
      setRecursive(draft, value);
      return;
    case 'volume-subpath':
      draft.volume.Subpath = value;
      return;
    case 'volume-nocopy':
      draft.volume.NoCopy = toBool(key, value);
      return;
    case 'volume-label':
      draft.volume.Labels = { ...draft.volume.Labels, ...pair(value) };
      return;
    case 'volume-driver':
      draft.volume.driver = value;
      return;
    case 'volume-opt':
      draft.volume.options = { ...draft.volume.options, ...pair(value) };
      return;
    case 'image-subpath':
      draft.image.Subpath = value;
      return;
    case 'tmpfs-size':
      draft.tmpfs.SizeBytes = tmpfsSize(key, value);
      return;
    case 'tmpfs-mode':
      if (!/^[0-7]{1,5}$/.test(value)) throw invalid(`invalid value for ${key}: ${value}`);
      draft.tmpfs.Mode = Number.parseInt(value, 8);
      return;
    default:
      throw invalid(`unexpected key '${key}' in '${field}'`);
  }
}

function setRecursive(draft: Draft, value: string): void {
  switch (value) {
    case 'enabled':
      return;
    case 'disabled':
      draft.bind['NonRecursive'] = true;
      return;
    case 'writable':
      draft.bind['ReadOnlyNonRecursive'] = true;
      return;
    case 'readonly':
      draft.bind['ReadOnlyForceRecursive'] = true;
      return;
    default:
      throw invalid(
        `invalid value for bind-recursive: ${value} (must be "enabled", "disabled", "writable", or "readonly")`,
      );
  }
}

function checkOptions(draft: Draft): void {
  const { Type } = draft;
  const given = (options: object) => Object.keys(options).length > 0;
  if (given(draft.volume) && Type !== 'volume')
    throw invalid(`cannot mix 'volume-*' options with mount type '${Type}'`);
  if (given(draft.bind) && Type !== 'bind')
    throw invalid(`cannot mix 'bind-*' options with mount type '${Type}'`);
  if (given(draft.tmpfs) && Type !== 'tmpfs')
    throw invalid(`cannot mix 'tmpfs-*' options with mount type '${Type}'`);
  if (given(draft.image) && Type !== 'image')
    throw invalid(`cannot mix 'image-*' options with mount type '${Type}'`);
  if (draft.bind['ReadOnlyForceRecursive'] === true) {
    if (!draft.ReadOnly)
      throw invalid(`option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction`);
    if (draft.bind['Propagation'] !== 'rprivate')
      throw invalid(
        `option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction`,
      );
  }
}

function finish(draft: Draft, target: string): Mount {
  const { Type, Source, ReadOnly, Consistency, bind, volume, tmpfs, image } = draft;
  const { driver, options, ...volumeOptions } = volume;
  const hasDriver = driver !== undefined || options !== undefined;
  return {
    Type,
    Target: target,
    ...(Source !== undefined && { Source }),
    ...(ReadOnly && { ReadOnly }),
    ...(Consistency && { Consistency }),
    ...(Object.keys(bind).length > 0 && { BindOptions: bind }),
    ...((Object.keys(volumeOptions).length > 0 || hasDriver) && {
      VolumeOptions: {
        ...volumeOptions,
        ...(hasDriver && {
          DriverConfig: { ...(driver && { Name: driver }), ...(options && { Options: options }) },
        }),
      },
    }),
    ...(Object.keys(tmpfs).length > 0 && { TmpfsOptions: tmpfs }),
    ...(Object.keys(image).length > 0 && { ImageOptions: image }),
  };
}

const pair = (text: string): Record<string, string> => {
  const equals = text.indexOf('=');
  return equals < 0 ? { [text]: '' } : { [text.slice(0, equals)]: text.slice(equals + 1) };
};

function toBool(key: string, value: string): boolean {
  if (['1', 't', 'true', 'True', 'TRUE', 'T'].includes(value)) return true;
  if (['0', 'f', 'false', 'False', 'FALSE', 'F'].includes(value)) return false;
  throw invalid(`invalid value for ${key}: ${value}`);
}

function tmpfsSize(key: string, value: string): number {
  try {
    return parseSize(value);
  } catch (error) {
    throw invalid(`invalid value for ${key}: ${value}`, error);
  }
}
