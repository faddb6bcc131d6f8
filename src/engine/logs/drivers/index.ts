import type { LogDriver } from './driver.ts';
import { fluentd } from './fluentd.ts';
import { gelf } from './gelf.ts';
import { journald } from './journald.ts';
import { syslog } from './syslog.ts';

/** The drivers that deliver to somebody else, by name. */
export const FORWARDING_DRIVERS: ReadonlyMap<string, LogDriver> = new Map(
  Object.entries({ fluentd, gelf, journald, syslog }),
);
