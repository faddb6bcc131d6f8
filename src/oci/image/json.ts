import { invalid } from '#lib/errors';
import { type Digest, isDigest } from '#oci/digest';

/**
 * A JSON value from outside, read field by field. Each getter checks one thing and names the place
 * (`manifest.layers[3].digest`) when it is wrong. null counts as absent: Go writes it for empty values.
 */
export class UntrustedValue {
  readonly #value: unknown;
  readonly #place: string;

  constructor(value: unknown, place: string) {
    this.#value = value ?? undefined;
    this.#place = place;
  }

  /** @throws invalid when it is too long or no JSON object */
  static parse(content: Uint8Array, maxBytes: number, what: string): UntrustedValue {
    if (content.length > maxBytes) {
      throw invalid(`${what} is too large: ${content.length} bytes, the limit is ${maxBytes}`);
    }
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
    } catch (error) {
      throw invalid(`${what} is not valid JSON`, error);
    }
    const document = new UntrustedValue(value, what);
    if (document.#object() === undefined) throw document.#wrong('an object');
    return document;
  }

  /** Where it is: `manifest.layers[3]`. */
  get place(): string {
    return this.#place;
  }

  get present(): boolean {
    return this.#value !== undefined;
  }

  field(name: string): UntrustedValue {
    const object = this.#object();
    const value = object && Object.hasOwn(object, name) ? object[name] : undefined;
    return new UntrustedValue(value, `${this.#place}.${name}`);
  }

  string(): string | undefined {
    if (this.#value === undefined) return undefined;
    if (typeof this.#value !== 'string') throw this.#wrong('a string');
    return this.#value;
  }

  boolean(): boolean | undefined {
    if (this.#value === undefined) return undefined;
    if (typeof this.#value !== 'boolean') throw this.#wrong('true or false');
    return this.#value;
  }

  integer(): number | undefined {
    if (this.#value === undefined) return undefined;
    if (!Number.isSafeInteger(this.#value)) throw this.#wrong('an integer');
    return Number(this.#value);
  }

  digest(): Digest | undefined {
    const text = this.string();
    if (text === undefined) return undefined;
    if (!isDigest(text)) throw this.#wrong(`a digest, not ${JSON.stringify(text.slice(0, 100))}`);
    return text;
  }

  list(): UntrustedValue[] | undefined {
    if (this.#value === undefined) return undefined;
    if (!Array.isArray(this.#value)) throw this.#wrong('a list');
    return this.#value.map((item, index) => new UntrustedValue(item, `${this.#place}[${index}]`));
  }

  strings(): string[] | undefined {
    return this.list()?.map((item) => item.required(item.string()));
  }

  /** Keys may be anything, `__proto__` included: they become own properties. */
  map<T>(read: (value: UntrustedValue) => T): Record<string, T> | undefined {
    const object = this.#object();
    if (object === undefined) return undefined;
    const pairs = Object.entries(object).map(
      ([key, value]) =>
        [key, read(new UntrustedValue(value, `${this.#place}[${JSON.stringify(key)}]`))] as const,
    );
    return Object.fromEntries(pairs);
  }

  stringMap(): Record<string, string> | undefined {
    return this.map((value) => value.string() ?? '');
  }

  /** A Go set: `{"80/tcp": {}}`. */
  keySet(): Record<string, Record<string, never>> | undefined {
    return this.map(() => ({}));
  }

  required<T>(value: T | undefined): T {
    if (value === undefined) throw invalid(`${this.#place} is missing`);
    return value;
  }

  #object(): Record<string, unknown> | undefined {
    if (this.#value === undefined) return undefined;
    if (typeof this.#value !== 'object' || Array.isArray(this.#value)) throw this.#wrong('an object');
    return this.#value as Record<string, unknown>;
  }

  #wrong(expected: string) {
    return invalid(`${this.#place} must be ${expected}`);
  }
}

/** The object without its undefined fields, so that what was absent stays absent when it is written again. */
export const defined = <T extends object>(object: T): T =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
