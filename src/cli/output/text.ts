import { humanDuration } from '#lib/durations';

/** At most `length` characters, the last one `…` when something was cut. */
export function ellipsis(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : `${characters.slice(0, Math.max(0, length - 1)).join('')}…`;
}

/** `5 minutes ago`. @param seconds since the epoch */
export const ago = (seconds: number, now = Date.now()): string =>
  `${humanDuration(now - seconds * 1000)} ago`;

const two = (value: number) => String(value).padStart(2, '0');

/** `2026-01-02 03:04:05 +0000 UTC`, as Go prints a local time. */
export function goTime(ms: number): string {
  const date = new Date(ms);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const offset = zoneOffset(date, '');
  return `${day} ${time} ${offset} ${offset === '+0000' ? 'UTC' : offset}`;
}

/** `2026-01-02T03:04:05.000000006+02:00`, `Z` for UTC: RFC 3339 in the local zone. @param fraction digits of a second */
export function localRfc3339(ms: number, fraction = ''): string {
  const date = new Date(ms);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const offset = zoneOffset(date, ':');
  return `${day}T${time}${fraction && `.${fraction}`}${offset === '+00:00' ? 'Z' : offset}`;
}

function zoneOffset(date: Date, colon: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
}

/** `a=1,b=2` */
export const joinLabels = (labels: Readonly<Record<string, string>> | null | undefined): string =>
  Object.entries(labels ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(',');

/** As people sort: `net2` before `net10`. */
export const naturally = (a: string, b: string): number => {
  const parts = (text: string) => text.split(/(\d+)/);
  const left = parts(a);
  const right = parts(b);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x = '', y = ''] = [left[i], right[i]];
    if (x === y) continue;
    const numbers = i % 2 === 1 ? Number(x) - Number(y) : 0;
    return numbers || (x < y ? -1 : 1);
  }
  return left.length - right.length;
};
