/** What a container wrote: one line, or a piece of a very long or unfinished one. */
export interface LogEntry {
  readonly stream: 'stdout' | 'stderr';
  /** Nanoseconds since the epoch: when its first byte was read from the container. */
  readonly time: bigint;
  /** Newline included unless the line is a piece or was never finished. */
  readonly line: Buffer;
}
