import { parseDuration } from '#lib/durations';
import { invalid } from '#lib/errors';

const LOCAL = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d\d:\d\d)?$/;

/**
 * `--since` and `--until` as the API wants them, `seconds.nanoseconds`: from a Unix time, a date with or without a zone
 * (this machine's), or a duration back from `now` (milliseconds).
 * @throws invalid
 */
export function parseMoment(text: string, now: number): string {
  if (/^-?\d+(\.\d{1,9})?$/.test(text)) return text;
  const match = LOCAL.exec(text);
  if (match) {
    const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = match;
    const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${zone}`);
    if (!Number.isNaN(ms)) return `${Math.floor(ms / 1000)}.${fraction.padEnd(9, '0')}`;
  }
  try {
    const nanoseconds = BigInt(Math.round(now)) * 1_000_000n - BigInt(Math.round(parseDuration(text)));
    return `${nanoseconds / 1_000_000_000n}.${(nanoseconds % 1_000_000_000n).toString().padStart(9, '0')}`;
  } catch (error) {
    throw invalid(`failed to parse value as time or duration: ${JSON.stringify(text)}`, error);
  }
}
