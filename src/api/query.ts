import { invalid } from '#lib/errors';
import { decodeFilters, type Filters } from '#protocol';

const FALSE = new Set(['', '0', 'no', 'false', 'none']);

/** The query parameters of a request, read as Docker reads them. */
export class Query {
  readonly #values: URLSearchParams;
  readonly #broken: string | undefined;

  constructor(search: string) {
    this.#values = new URLSearchParams(search);
    this.#broken = /%(?![0-9a-f]{2}).{0,2}/i.exec(search)?.[0];
  }

  /** @throws invalid for an escape that is none, and for NUL, where the kernel's strings end */
  check(): void {
    if (this.#broken !== undefined) throw invalid(`invalid URL escape ${JSON.stringify(this.#broken)}`);
    for (const [name, value] of this.#values) {
      if (name.includes('\0') || value.includes('\0'))
        throw invalid(`invalid value for ${JSON.stringify(name)}: it contains a NUL character`);
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Empty when it is absent. */
  text(name: string): string {
    return this.#values.get(name) ?? '';
  }

  all(name: string): string[] {
    return this.#values.getAll(name);
  }

  flag(name: string, absent = false): boolean {
    const value = this.#values.get(name);
    return value === null ? absent : !FALSE.has(value.trim().toLowerCase());
  }

  /** Undefined when it is absent or empty. @throws invalid */
  integer(name: string): number | undefined {
    const text = this.text(name).trim();
    if (text === '') return undefined;
    if (!/^[+-]?\d{1,15}$/.test(text))
      throw invalid(`invalid value for ${name}: ${JSON.stringify(text)} is not a number`);
    return Number(text);
  }

  /** @throws invalid for a filter that is not among `accepted` */
  filters(accepted: readonly string[]): Filters {
    const text = this.text('filters');
    const filters = text === '' ? new Map<string, readonly string[]>() : decodeFilters(text);
    if (!filters) throw invalid('invalid filters: expected JSON of the form {"name":["value"]}');
    for (const name of filters.keys()) {
      if (!accepted.includes(name)) throw invalid(`invalid filter '${name}'`);
    }
    return filters;
  }
}
