/** The known word that is nearest to one that is not known; undefined when none is near. */
export function suggest(word: string, known: Iterable<string>, farthest = 2): string | undefined {
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const each of known) {
    const distance = editDistance(each, word, farthest);
    if (distance <= farthest && (best === undefined || distance < best.distance))
      best = { word: each, distance };
  }
  return best?.word;
}

/** How many letters are to be changed, added or taken away to make one word of the other; exact up to `farthest`. */
function editDistance(a: string, b: string, farthest: number): number {
  if (Math.abs(a.length - b.length) > farthest) return farthest + 1;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
