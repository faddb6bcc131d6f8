/** What is kept of a build. Times in RFC 3339. */
export interface BuildRecord {
  readonly id: string;
  /** What it was for: the name of its image, else where it came from. */
  readonly name: string;
  readonly status: 'running' | 'completed' | 'failed' | 'cancelled' | 'interrupted';
  readonly created: string;
  /** When it ended; absent while it goes on. */
  readonly completed?: string;
  /** Why it failed. */
  readonly error?: string;
  readonly dockerfile: string;
  readonly target?: string;
  /** Where its context came from, when it is not the client's. */
  readonly remote?: string;
  readonly platforms: readonly string[];
  /** Names of build arguments, never their values. */
  readonly buildArgs: readonly string[];
  readonly tags: readonly string[];
  /** What of its Dockerfile makes files, as far as it came. */
  readonly steps: { readonly total: number; readonly completed: number; readonly cached: number };
  readonly warnings: readonly string[];
  /** Digests of what was made. */
  readonly result?: { readonly imageId: string; readonly digest: string };
}

/** A line of a build's log. */
export interface BuildLogEntry {
  /** Milliseconds since it began. */
  readonly at: number;
  /** Number of the step, from 1; absent for what is beside the steps. */
  readonly step?: number;
  readonly kind: 'started' | 'output' | 'done' | 'cached' | 'failed' | 'note';
  readonly text: string;
}
