/** The variables that a word may use, and what came of asking. */
export interface Environment {
  get(name: string): string | undefined;
}

/** Notes every name that was asked for and had no value: what the lint calls undefined. */
export class Lookups implements Environment {
  readonly #environment: Environment;
  readonly missing = new Set<string>();
  readonly used = new Set<string>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  get(name: string): string | undefined {
    const value = this.#environment.get(name);
    this.used.add(name);
    if (value === undefined) this.missing.add(name);
    return value;
  }
}
