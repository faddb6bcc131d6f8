import type { Measurement } from './measurement.ts';

/** A column of the table. */
export interface Contender extends AsyncDisposable {
  /** Head of its column. */
  readonly version: string;
  /** How it does in a scenario, by the scenario's name; what it has no answer to is left out. */
  readonly measure: Readonly<Partial<Record<string, () => Promise<readonly Measurement[]>>>>;
}
