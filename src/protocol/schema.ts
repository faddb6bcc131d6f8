/**
 * What a client may send, described once for the checks and for the types. Tolerant exactly as
 * Go's encoding/json is, since that is what clients were written against: unknown fields are
 * ignored, null stands for absent, keys match whatever their case; a value of the wrong type is
 * an error that names its field.
 */
export interface Schema<T> {
  /** What null in a list or map stands for. */
  readonly zero: T;
  /** @throws SchemaError */
  decode(value: unknown, path: string): T;
}

export type Static<S> = S extends Schema<infer T> ? T : never;

export class SchemaError extends Error {
  override readonly name = 'SchemaError';
  /** `HostConfig.Memory`; empty for the document itself. */
  readonly path: string;

  constructor(path: string, expected: string, value: unknown) {
    super(`${path || 'the document'} must be ${expected}, not ${describe(value)}`);
    this.path = path;
  }
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'number') return `the number ${value}`;
  return `a ${typeof value}`;
}

function scalar<T>(zero: T, expected: string, accepts: (value: unknown) => value is T): Schema<T> {
  return {
    zero,
    decode(value, path) {
      if (!accepts(value)) throw new SchemaError(path, expected, value);
      return value;
    },
  };
}

/** Without NUL: the kernel's strings end there, and what is behind one would be cut off in silence. */
export const string: Schema<string> = {
  zero: '',
  decode(value, path) {
    if (typeof value !== 'string') throw new SchemaError(path, 'a string', value);
    if (value.includes('\0')) throw new SchemaError(path, 'without NUL characters', value);
    return value;
  },
};
export const boolean = scalar(false, 'a boolean', (value): value is boolean => typeof value === 'boolean');
export const integer = scalar(0, 'a whole number', (value): value is number => Number.isInteger(value));

export function array<T>(element: Schema<T>): Schema<readonly T[]> {
  return {
    zero: [],
    decode(value, path) {
      if (!Array.isArray(value)) throw new SchemaError(path, 'an array', value);
      return value.map((item: unknown, index) =>
        item === null ? element.zero : element.decode(item, `${path}[${index}]`),
      );
    },
  };
}

/** A list of strings that may be given as one string: entrypoints and commands. */
export const strings: Schema<readonly string[]> = {
  zero: [],
  decode: (value, path) => (typeof value === 'string' ? [value] : array(string).decode(value, path)),
};

export function map<T>(element: Schema<T>): Schema<Readonly<Record<string, T>>> {
  return {
    zero: {},
    decode(value, path) {
      const result: Record<string, T> = {};
      for (const [key, item] of entriesOf(value, path)) {
        string.decode(key, `a key of ${path || 'the document'}`);
        const decoded = item === null ? element.zero : element.decode(item, join(path, key));
        define(result, key, decoded);
      }
      return result;
    },
  };
}

type Fields = Readonly<Record<string, Schema<unknown>>>;
type ObjectOf<F extends Fields> = { readonly [K in keyof F]?: Static<F[K]> | undefined };

export interface ObjectSchema<F extends Fields> extends Schema<ObjectOf<F>> {
  readonly fields: F;
}

export function object<const F extends Fields>(fields: F): ObjectSchema<F> {
  const byLowerCase = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  return {
    fields,
    zero: {},
    decode(value, path) {
      const result: Record<string, unknown> = {};
      for (const [key, item] of entriesOf(value, path)) {
        if (item === null || item === undefined) continue;
        const name = Object.hasOwn(fields, key) ? key : byLowerCase.get(key.toLowerCase());
        const field = name === undefined ? undefined : fields[name];
        if (name !== undefined && field) result[name] = field.decode(item, join(path, name));
      }
      return result as ObjectOf<F>;
    },
  };
}

function entriesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new SchemaError(path, 'an object', value);
  }
  return Object.entries(value);
}

const join = (path: string, key: string) => (path ? `${path}.${key}` : key);

/** Keys come from the network: `__proto__` must become a plain key. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
}
