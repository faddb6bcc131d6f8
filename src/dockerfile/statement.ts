import type { Lines } from './error.ts';

/** A document within the Dockerfile: `<<EOF`, the lines that follow, `EOF`. */
export interface Heredoc {
  readonly name: string;
  /** Variables in it stay as they are: its name was quoted. */
  readonly literal: boolean;
  readonly content: string;
}

/** One logical line, its continuations joined, not yet understood. */
export interface Statement {
  /** As written: `From`. */
  readonly keyword: string;
  /** `--name` or `--name=value`, in their order. */
  readonly flags: readonly Flag[];
  readonly rest: string;
  readonly heredocs: readonly Heredoc[];
  readonly lines: Lines;
  /** The comment right above: text without `#`. */
  readonly comment: readonly string[];
  /** A line without anything within its continuation: a warning today, an error one day. */
  readonly emptyContinuation: boolean;
}

export interface Flag {
  readonly name: string;
  /** Undefined: it stands alone. */
  readonly value: string | undefined;
}
