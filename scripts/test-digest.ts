import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Failure } from './test-file.ts';

const WIDTH = 220;

/** A failure in so many lines at most: what failed, why, and where; of a chain of causes the last one tells most. */
export function digest({ file, test, error, stderr }: Failure, most: number): string[] {
  const head = `✖ ${relative('.', file)}${test === '' ? '' : ` › ${test}`}`;
  const chain = causes(error);
  const share = Math.max(1, Math.floor((most - 2) / (chain.length + 1)));
  const why: string[] = [];
  for (const [index, cause] of chain.entries()) {
    const room = index === chain.length - 1 ? most - 2 - why.length : share;
    const [first = '', ...rest] = shorten(messageOf(cause), room);
    why.push(index === 0 ? first : `caused by: ${first}`, ...rest);
  }
  const place = chain.map(ownLine).findLast((line) => line !== undefined);
  // A process that ended by itself has told why, if at all, on its way out.
  const said = place === undefined ? shorten(stderr, most - 2 - why.length) : [`at ${place}`];
  return [head, ...[...why, ...said].map((line) => `    ${line}`)]
    .slice(0, most)
    .map((line) => line.slice(0, WIDTH));
}

/** Digests of several, in so many lines together. */
export function digestAll(failures: readonly Failure[], each: number, together: number): string[] {
  const lines: string[] = [];
  for (const [index, failure] of failures.entries()) {
    const next = digest(failure, each);
    if (lines.length + next.length > together) {
      lines.push(`... and ${failures.length - index} more`);
      break;
    }
    lines.push(...next);
  }
  return lines;
}

function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let at = error; at !== undefined && at !== null && chain.length < 5; ) {
    chain.push(at);
    at = at instanceof AggregateError ? at.errors[0] : at instanceof Error ? at.cause : undefined;
  }
  return chain;
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** Of a comparison, the lines that differ; else the first ones. */
function shorten(text: string, most: number): string[] {
  const lines = stripVTControlCharacters(text)
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  if (lines.length <= most) return lines;
  const [first = '', ...rest] = lines;
  const differing = rest.filter((line) => /^[+-] /.test(line));
  return [first, ...(differing.length > 0 ? differing : rest)].slice(0, Math.max(1, most));
}

/** The first line of its stack that is of this project. */
function ownLine(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const here = `file://${process.cwd()}/`;
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const own = lines.find((line) => line.includes(here) && !line.includes('/node_modules/'));
  return own?.trim().slice('at '.length).replace(here, '');
}
