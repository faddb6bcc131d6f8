const MIN_WIDTH = 10;
const PADDING = 3;

/**
 * Aligns tab-separated cells as Go's text/tabwriter does for Docker's tables: a column is as wide as its widest cell
 * and three more, ten at least; the last cell of a line belongs to no column.
 */
export function alignTabs(text: string, minWidth = MIN_WIDTH): string {
  const lines = text.split('\n').map((line) => line.split('\t'));
  const widths = lines.map((cells) => cells.map(() => 0));
  layOut({ lines, widths, minWidth }, 0, lines.length, 0);
  return lines
    .map((cells, row) => cells.map((cell, column) => pad(cell, widths[row]?.[column] ?? 0)).join(''))
    .join('\n');
}

const widthOf = (cell: string): number => {
  let width = 0;
  for (const _ of cell) width++;
  return width;
};

const pad = (cell: string, width: number): string => cell + ' '.repeat(Math.max(0, width - widthOf(cell)));

interface Layout {
  readonly lines: readonly string[][];
  readonly widths: readonly number[][];
  readonly minWidth: number;
}

/** Widths of `column` and all to its right within the lines [from, to): neighbours that have the column share it. */
function layOut(layout: Layout, from: number, to: number, column: number): void {
  const { lines, widths, minWidth } = layout;
  const inColumn = (row: number) => column < (lines[row]?.length ?? 0) - 1;
  for (let row = from; row < to; row++) {
    if (!inColumn(row)) continue;
    const start = row;
    let width = minWidth;
    for (; row < to && inColumn(row); row++)
      width = Math.max(width, widthOf(lines[row]?.[column] ?? '') + PADDING);
    for (const cells of widths.slice(start, row)) cells[column] = width;
    layOut(layout, start, row, column + 1);
  }
}
