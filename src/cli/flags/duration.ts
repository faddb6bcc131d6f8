import { parseDuration } from '#lib/durations';
import { invalid } from '#lib/errors';
import { type Flag, flag } from './flag.ts';

/** `--health-interval 1m30s`: nanoseconds. */
export const duration = (summary: string): Flag<number | undefined> =>
  flag<number | undefined>(summary, 'duration', undefined, parse, { shownDefault: '0s' });

function parse(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw invalid(`time: invalid duration ${JSON.stringify(text)}`, error);
  }
}
