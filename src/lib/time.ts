/** Go's zero time, which Docker's API writes for "never". */
export const NEVER = '0001-01-01T00:00:00Z';

const EPOCH_OFFSET_NS = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();
let last = 0n;

/**
 * Nanoseconds since the epoch, strictly increasing within the process: the wall clock's
 * milliseconds, refined by the monotonic clock so that two events never share an instant.
 * Less than a millisecond from what other processes see, however the wall clock is adjusted.
 */
export function nowNano(): bigint {
  const wall = BigInt(Date.now()) * 1_000_000n;
  const fine = EPOCH_OFFSET_NS + process.hrtime.bigint();
  const latest = wall + 999_999n;
  let now = fine < wall ? wall : fine > latest ? latest : fine;
  if (now <= last) now = last + 1n;
  last = now;
  return now;
}

/** RFC 3339 with nanoseconds, UTC: `2026-01-02T03:04:05.000000006Z`, as Docker's API writes times. */
export function formatTime(nano: bigint): string {
  const seconds = nano / 1_000_000_000n;
  const fraction = (nano % 1_000_000_000n).toString().padStart(9, '0');
  return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** Now, as `formatTime` writes it. */
export const now = (): string => formatTime(nowNano());

/** Nanoseconds since the epoch of an RFC 3339 time; undefined when it is none. */
export function parseTime(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'));
}
