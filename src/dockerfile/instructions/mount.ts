import { invalid } from '#lib/errors';
import { parseSize } from '#lib/sizes';

interface Target {
  readonly target: string;
}

interface Owned {
  /** Octal permissions. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** What a RUN step finds beside its root file system. */
export type RunMount =
  | (Target & {
      readonly type: 'bind';
      readonly source: string;
      readonly from?: string;
      readonly readOnly: boolean;
    })
  | (Target &
      Owned & {
        readonly type: 'cache';
        readonly id: string;
        readonly source: string;
        readonly from?: string;
        readonly sharing: 'shared' | 'private' | 'locked';
        readonly readOnly: boolean;
      })
  | (Target & { readonly type: 'tmpfs'; readonly size?: number })
  | (Owned & {
      readonly type: 'secret';
      readonly id: string;
      /** Undefined: only the variable is wanted. */
      readonly target?: string;
      readonly env?: string;
      readonly required: boolean;
    })
  | (Owned & {
      readonly type: 'ssh';
      readonly id: string;
      readonly target?: string;
      readonly required: boolean;
    });

const ALIASES: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  rw: 'readwrite',
};

const KEYS: Readonly<Record<RunMount['type'], readonly string[]>> = {
  bind: ['target', 'source', 'from', 'readonly', 'readwrite'],
  cache: ['target', 'source', 'from', 'readonly', 'readwrite', 'id', 'sharing', 'mode', 'uid', 'gid'],
  tmpfs: ['target', 'size'],
  secret: ['target', 'id', 'env', 'required', 'mode', 'uid', 'gid'],
  ssh: ['target', 'id', 'required', 'mode', 'uid', 'gid'],
};

/** The value of `RUN --mount=`, its variables put in. @throws invalid */
export function parseMount(text: string): RunMount {
  const fields = readFields(text);
  const type = typeOf(fields.get('type') ?? 'bind');
  fields.delete('type');
  for (const key of fields.keys()) {
    if (!KEYS[type].includes(key))
      throw invalid(`unexpected key '${key}' for mount type '${type}' in '${text}'`);
  }
  return MAKE[type](new MountFields(fields, text));
}

function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of text.split(',')) {
    const [, written = '', value] = /^\s*([^=]*?)\s*(?:=(.*))?$/s.exec(field) ?? [];
    const lower = written.toLowerCase();
    const key = ALIASES[lower] ?? lower;
    const mayStandAlone = ['readonly', 'readwrite', 'required'].includes(key);
    if (value === undefined && !mayStandAlone)
      throw invalid(`invalid field '${field}' must be a key=value pair`);
    fields.set(key, value ?? 'true');
  }
  return fields;
}

function typeOf(text: string): RunMount['type'] {
  const type = text.toLowerCase();
  if (type === 'bind' || type === 'cache' || type === 'tmpfs' || type === 'secret' || type === 'ssh')
    return type;
  throw invalid(`unsupported mount type "${text}": use bind, cache, tmpfs, secret or ssh`);
}

class MountFields {
  readonly #fields: ReadonlyMap<string, string>;
  readonly #text: string;

  constructor(fields: ReadonlyMap<string, string>, text: string) {
    this.#fields = fields;
    this.#text = text;
  }

  get(key: string): string | undefined {
    return this.#fields.get(key) || undefined;
  }

  target(): string {
    const target = this.get('target');
    if (target === undefined) throw invalid(`target is required in mount '${this.#text}'`);
    return target;
  }

  boolean(key: string): boolean {
    const value = this.#fields.get(key);
    if (value === undefined) return false;
    if (/^(?:true|1|t)$/i.test(value)) return true;
    if (/^(?:false|0|f)$/i.test(value)) return false;
    throw invalid(`invalid value for ${key}: ${value}`);
  }

  /** Read-only unless said otherwise (`bind`), or the other way round. */
  readOnly(byDefault: boolean): boolean {
    if (this.#fields.has('readwrite')) return !this.boolean('readwrite');
    return this.#fields.has('readonly') ? this.boolean('readonly') : byDefault;
  }

  owned(): Owned {
    const mode = this.#number('mode', 8);
    const uid = this.#number('uid', 10);
    const gid = this.#number('gid', 10);
    return {
      ...(mode === undefined ? {} : { mode }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    };
  }

  optional<K extends 'from' | 'env' | 'target'>(key: K): { readonly [P in K]?: string } {
    const value = this.get(key);
    return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: string });
  }

  #number(key: string, radix: 8 | 10): number | undefined {
    const text = this.get(key);
    if (text === undefined) return undefined;
    const valid = radix === 8 ? /^[0-7]{1,5}$/ : /^\d{1,10}$/;
    if (!valid.test(text)) throw invalid(`invalid value ${text} for ${key} in mount '${this.#text}'`);
    return Number.parseInt(text, radix);
  }
}

const MAKE: Readonly<Record<RunMount['type'], (fields: MountFields) => RunMount>> = {
  bind: (fields) => ({
    type: 'bind',
    target: fields.target(),
    source: fields.get('source') ?? '/',
    readOnly: fields.readOnly(true),
    ...fields.optional('from'),
  }),
  cache: (fields) => ({
    type: 'cache',
    target: fields.target(),
    id: fields.get('id') ?? fields.target(),
    source: fields.get('source') ?? '/',
    sharing: sharingOf(fields.get('sharing') ?? 'shared'),
    readOnly: fields.readOnly(false),
    ...fields.optional('from'),
    ...fields.owned(),
  }),
  tmpfs: (fields) => {
    const size = fields.get('size');
    return {
      type: 'tmpfs',
      target: fields.target(),
      ...(size === undefined ? {} : { size: parseSize(size) }),
    };
  },
  secret: (fields) => {
    const target = fields.get('target');
    const env = fields.get('env');
    const id = fields.get('id') ?? (target === undefined ? env : target.split('/').at(-1));
    if (id === undefined) throw invalid('one of id, target or env is required for a secret mount');
    const place = target ?? (env === undefined ? `/run/secrets/${id}` : undefined);
    return {
      type: 'secret',
      id,
      required: fields.boolean('required'),
      ...(place === undefined ? {} : { target: place }),
      ...fields.optional('env'),
      ...fields.owned(),
    };
  },
  ssh: (fields) => ({
    type: 'ssh',
    id: fields.get('id') ?? 'default',
    required: fields.boolean('required'),
    ...fields.optional('target'),
    ...fields.owned(),
  }),
};

function sharingOf(text: string): 'shared' | 'private' | 'locked' {
  const sharing = text.toLowerCase();
  if (sharing === 'shared' || sharing === 'private' || sharing === 'locked') return sharing;
  throw invalid(`unsupported sharing value "${text}": use shared, private or locked`);
}
