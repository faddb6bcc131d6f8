import { invalid } from '#lib/errors';
import { type Flag, list } from './flag.ts';

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

const NAMES = new Set([
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
]);

export const ulimits = (summary: string): Flag<readonly Ulimit[]> =>
  list(summary, { value: 'ulimit', shownDefault: '[]', parse: parseUlimit });

/** `name=soft[:hard]`; -1 is unlimited. @throws invalid */
export function parseUlimit(text: string): Ulimit {
  const equals = text.indexOf('=');
  if (equals <= 0) throw invalid(`invalid ulimit argument: ${text}`);
  const name = text.slice(0, equals);
  if (!NAMES.has(name)) throw invalid(`invalid ulimit type: ${name}`);
  const parts = text.slice(equals + 1).split(':');
  if (parts.length > 2)
    throw invalid(
      `too many limit value arguments - ${text.slice(equals + 1)}, can only have up to two, \`soft[:hard]\``,
    );
  const [soft = 0, hard = soft] = parts.map(limit);
  if (hard !== -1 && (soft > hard || soft === -1))
    throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  return { Name: name, Soft: soft, Hard: hard };
}

function limit(text: string): number {
  if (text === 'unlimited') return -1;
  if (!/^-?\d+$/.test(text)) throw invalid(`parsing ${JSON.stringify(text)}: a limit must be a whole number`);
  return Number(text);
}
