/** How far a name may be from a known one, in letters that were added, lost, changed or swapped. */
const REACH = 2;

/** ` (did you mean x?)` when one of the known names is close to what was written, else nothing. */
export function suggestion(
  written: string,
  known: readonly string[],
  spell = (name: string) => name,
): string {
  let best: string | undefined;
  let least = Math.min(REACH, Math.floor(written.length / 3)) + 1;
  for (const name of known) {
    const apart = sameWords(written, name) ? 0 : distance(written, name);
    if (apart < least) [best, least] = [name, apart];
  }
  return best === undefined ? '' : ` (did you mean ${spell(best)}?)`;
}

/** `dataroot`, `data_root`, `DataRoot`: one name in other spellings, or in the other number. */
const sameWords = (a: string, b: string): boolean => plain(a) === plain(b);
const plain = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z\d]/g, '')
    .replace(/s$/, '');

/** Optimal string alignment: insertions, deletions, substitutions, and swaps of neighbours. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, changed);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
