/** The variables that a word may use, and what came of asking. */
export interface Environment {
  /** `optional`: a word stands in for it when it is not there, as in `${name:-word}`. */
  get(name: string, optional?: boolean): string | undefined;
}

/** Notes every name that was asked for and had no value: what the lint calls undefined. */
export class Lookups implements Environment {
  readonly #environment: Environment;
  readonly missing = new Set<string>();
  readonly used = new Set<string>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get(name: string, optional = false): string | undefined {
    const value = this.#environment.get(name);
    this.used.add(name);
    if (value === undefined && !optional) this.missing.add(name);
    return value;
  }
}
