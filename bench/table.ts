import { isHighBetter, type Measurement, median } from './measurement.ts';
import type { Outcome } from './race.ts';

/** What a cell says of a row: the median, and against the first column how many times that one is better. */
function cell(what: string, outcome: Outcome, first: Outcome | undefined): string {
  const mine = outcome.measurements.find((row) => row.what === what);
  if (!mine) return outcome.failure === undefined ? '-' : 'failed';
  const value = median(mine.samples);
  const shown = `${Number(value.toPrecision(3))} ${mine.unit}`;
  const base = first?.measurements.find((row) => row.what === what);
  if (!base || first === outcome) return shown;
  return `${shown} (${ratio(base, value)}x)`;
}

function ratio(base: Measurement, value: number): string {
  const ours = median(base.samples);
  const times = isHighBetter(base.unit) ? ours / value : value / ours;
  return times.toFixed(times < 10 ? 1 : 0);
}

const rowsOf = (outcomes: readonly Outcome[]): string[] => [
  ...new Set(outcomes.flatMap(({ measurements }) => measurements.map(({ what }) => what))),
];

/** A scenario's rows for the terminal, as soon as it is through: one line for each row, and one for each failure. */
export function progress(name: string, outcomes: readonly Outcome[]): string {
  const lines = rowsOf(outcomes).map((what) => {
    const cells = outcomes
      .filter(({ measurements }) => measurements.some((row) => row.what === what))
      .map((outcome) => `${outcome.contender}: ${cell(what, outcome, outcomes[0])}`);
    return `   ${what.replaceAll('`', '')}: ${cells.join(', ')}`;
  });
  return [...lines, ...failures(name, outcomes).map((line) => `   FAILED ${line}`)].join('\n');
}

const failures = (name: string, outcomes: readonly Outcome[]): string[] =>
  outcomes.flatMap(({ contender, failure }) =>
    failure === undefined ? [] : [`${name}, ${contender}: ${abridged(failure.replaceAll(/\s+/g, ' '))}`],
  );

/** Of a long command line with its error the end says most. */
const abridged = (text: string): string =>
  text.length <= 300 ? text : `${text.slice(0, 100)} ... ${text.slice(-200)}`;

/** Scenarios by their names, what came of each. */
export type Results = Readonly<Record<string, readonly Outcome[]>>;

/** One Markdown table of all. */
export function table(results: Results, columns: readonly string[]): string {
  const lines = Object.values(results).flatMap((outcomes) =>
    rowsOf(outcomes).map((what) => [what, ...outcomes.map((outcome) => cell(what, outcome, outcomes[0]))]),
  );
  const head = ['', ...columns];
  const rows = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...lines];
  const notes = Object.entries(results).flatMap(([name, outcomes]) => failures(name, outcomes));
  return [
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `Medians. In brackets: how many times better ${columns[0]} is. A dash: it has no such thing.`,
    ...notes.map((note) => `Failed: ${note}`),
  ].join('\n');
}
