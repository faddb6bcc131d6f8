import { hostname } from 'node:os';
import type { Message } from './driver.ts';

export const SYSLOG_FORMATS = ['rfc3164', 'rfc5424', 'rfc5424micro'] as const;
/** Absent: the one of local sockets, which is rfc3164 without the host's name. */
export type SyslogFormat = (typeof SYSLOG_FORMATS)[number] | undefined;

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** What comes before a message's text. `priority`: facility and severity in one number. */
export function syslogHeader(
  format: SyslogFormat,
  { time }: Message,
  { priority, tag }: { readonly priority: number; readonly tag: string },
): string {
  switch (format) {
    case undefined:
      return `<${priority}>${stamp(time)} ${tag}[${process.pid}]: `;
    case 'rfc3164':
      return `<${priority}>${stamp(time)} ${hostname()} ${tag}[${process.pid}]: `;
    case 'rfc5424':
    case 'rfc5424micro': {
      const moment = isoTime(time, { micro: format === 'rfc5424micro' });
      return `<${priority}>1 ${moment} ${hostname()} ${tag} ${process.pid} ${tag} - `;
    }
  }
}

const two = (number: number): string => String(number).padStart(2, '0');

/** `Jan _2 15:04:05`, in the zone of the host, as RFC 3164 has it. */
function stamp(time: bigint): string {
  const date = new Date(Number(time / 1_000_000n));
  const day = String(date.getDate()).padStart(2);
  return `${MONTHS[date.getMonth()]} ${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** RFC 3339 in the zone of the host: `2026-01-02T03:04:05+01:00`. */
function isoTime(time: bigint, { micro }: { readonly micro: boolean }): string {
  const date = new Date(Number(time / 1_000_000n));
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const fraction = micro ? `.${String((time / 1000n) % 1_000_000n).padStart(6, '0')}` : '';
  const ahead = Math.abs(offset);
  const zone =
    offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
  return `${local}${fraction}${zone}`;
}
