/** Rows that the floor has too. */
export const ROWS = {
  run: '`run --rm busybox true`',
  apiExit: 'API: create, start, wait for the exit',
  apiRemoved: 'API: the same, and remove',
  logs: 'log throughput, nobody attached',
  load: '`load` of a Debian image',
} as const;
