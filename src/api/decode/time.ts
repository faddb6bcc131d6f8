import { parseDuration } from '#lib/durations';
import { invalid } from '#lib/errors';
import { nowNano, parseTime } from '#lib/time';

const NANOSECONDS = 1_000_000_000n;

/** Nanoseconds of `1136073600` or `1136073600.000000001`, the form of since and until. @throws invalid */
export function unixTime(text: string): bigint {
  const match = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text);
  if (!match?.[1]) throw invalid(`invalid time: ${JSON.stringify(text)} (expected seconds since 1970)`);
  return BigInt(match[1]) * NANOSECONDS + BigInt((match[2] ?? '').padEnd(9, '0'));
}

/**
 * Nanoseconds of any form that Docker's flags take: seconds since 1970, RFC 3339 with what follows
 * the date left out at will (local time without a zone), or a duration back from now.
 * @throws invalid
 */
export function timestamp(text: string): bigint {
  if (/^\d+(\.\d+)?$/.test(text)) return unixTime(text);
  const date = /^(\d{4}-\d\d-\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(\.\d{1,9})?)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(
    text,
  );
  if (date) {
    const [, day, hour = '00', minute = '00', second = '00', fraction = '', zone] = date;
    const parsed = parseTime(
      `${day}T${hour}:${minute}:${second}${fraction}${zone ?? localZone(`${day}T${hour}:${minute}:${second}`)}`,
    );
    if (parsed !== undefined) return parsed;
  }
  try {
    return nowNano() - BigInt(parseDuration(text));
  } catch {
    throw invalid(
      `invalid time: ${JSON.stringify(text)} (use seconds since 1970, RFC 3339 or a duration such as 10m)`,
    );
  }
}

function localZone(local: string): string {
  const minutes = -new Date(local).getTimezoneOffset();
  if (Number.isNaN(minutes)) return 'Z';
  const part = (value: number) => String(value).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${part(Math.floor(size / 60))}:${part(size % 60)}`;
}
