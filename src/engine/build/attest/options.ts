/** What is said of a result beside the result: who made it of what, and what is in it. */
export interface AttestOptions {
  readonly provenance: ProvenanceOptions | undefined;
  readonly sbom: SbomOptions | undefined;
}

export interface ProvenanceOptions {
  /** `min` tells nothing that somebody may want to keep to himself: no values of arguments, no names of secrets. */
  readonly mode: 'min' | 'max';
  /** Version of the SLSA predicate. */
  readonly version: 'v0.2' | 'v1';
  /** Who built, as an address. */
  readonly builderId: string;
  /** The user says that it is. */
  readonly reproducible: boolean;
  /** Only with images, not as a file of a directory. */
  readonly inlineOnly: boolean;
  /** Name of that file. */
  readonly filename: string;
}

export interface SbomOptions {
  readonly filename: string;
}

/** What a statement says of its subject. */
export interface Predicate {
  readonly type: string;
  readonly content: object;
  /** Under which it lies beside files; undefined: only images get it. */
  readonly filename: string | undefined;
}
