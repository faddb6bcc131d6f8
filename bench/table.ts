import type { Row } from './scenarios/index.ts';

export interface Column {
  readonly name: string;
  readonly rows: readonly Row[];
}

const better = (unit: Row['unit']): 'low' | 'high' => (unit === '/s' || unit === 'MB/s' ? 'high' : 'low');

const show = (row: Row): string => `${Number(row.value.toPrecision(3))} ${row.unit}`;

/** A Markdown table: the first column is ours; behind each other figure, how many times ours is better. */
export function table(columns: readonly Column[]): string {
  const [ours, ...others] = columns;
  if (!ours) return '';
  const find = (column: Column, what: string) => column.rows.find((row) => row.what === what);
  const cell = (column: Column, row: Row): string => {
    const theirs = find(column, row.what);
    if (!theirs) return '-';
    const ratio = better(row.unit) === 'low' ? theirs.value / row.value : row.value / theirs.value;
    return `${show(theirs)} (${ratio.toFixed(ratio < 10 ? 1 : 0)}x)`;
  };
  const lines = ours.rows.map((row) => [row.what, show(row), ...others.map((column) => cell(column, row))]);
  const head = ['', ours.name, ...others.map((column) => column.name)];
  return [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
