import { parseDuration } from '#lib/durations';
import { invalid } from '#lib/errors';
import { Flags } from '../flags.ts';
import type { Statement } from '../statement.ts';
import { jsonList } from '../words/split.ts';
import type { Healthcheck, Placed } from './instruction.ts';

/** `HEALTHCHECK [--interval=…] … CMD command`, or `HEALTHCHECK NONE`. @throws invalid */
export function parseHealthcheck(statement: Statement, placed: Placed): Healthcheck {
  const flags = new Flags('HEALTHCHECK', statement.flags);
  const times = {
    interval: duration(flags, 'interval'),
    timeout: duration(flags, 'timeout'),
    startPeriod: duration(flags, 'start-period'),
    startInterval: duration(flags, 'start-interval'),
    retries: retries(flags.string('retries')),
  };
  flags.end();
  return { kind: 'HEALTHCHECK', ...placed, ...times, test: testOf(statement) };
}

function testOf({ rest, flags }: Statement): readonly string[] {
  const [, word = '', command = ''] = /^(\S*)\s*(.*)$/s.exec(rest) ?? [];
  const type = word.toUpperCase();
  if (type === '') throw invalid('HEALTHCHECK requires at least one argument');
  if (type === 'NONE') {
    if (command !== '' || flags.length > 0) throw invalid('HEALTHCHECK NONE takes no arguments');
    return ['NONE'];
  }
  if (type !== 'CMD') throw invalid(`Unknown type "${word}" in HEALTHCHECK (try CMD)`);
  if (command === '') throw invalid('Missing command after HEALTHCHECK CMD');
  const words = jsonList(command);
  return words ? ['CMD', ...words] : ['CMD-SHELL', command];
}

function duration(flags: Flags, name: string): number {
  const text = flags.string(name);
  if (text === undefined) return 0;
  const value = parseDuration(text);
  if (value < 0 || (value > 0 && value < 1_000_000)) {
    throw invalid(`Interval "${name}" cannot be less than 1ms`);
  }
  return value;
}

function retries(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d+$/.test(text))
    throw invalid(`--retries must be a whole number that is not negative, not "${text}"`);
  return Number(text);
}
