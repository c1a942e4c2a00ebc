/** Optimal string alignment distance (Levenshtein with transpositions). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1;
      let best = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + cost);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, before[column - 2]! + 1);
      }
      current.push(best);
    }
    before = last;
    last = current;
  }
  return last[b.length]!;
}

/** The word the user probably meant: close by typing, or the only one that starts so. */
export function suggest(typed: string, known: readonly string[]): string | undefined {
  const allowed = typed.length <= 3 ? 1 : 2;
  let best: string | undefined;
  let bestDistance = allowed + 1;
  for (const word of known) {
    const d = distance(typed, word);
    if (d < bestDistance) {
      best = word;
      bestDistance = d;
    }
  }
  if (best !== undefined) return best;
  const starting = typed.length >= 3 ? known.filter((word) => word.startsWith(typed)) : [];
  return starting.length === 1 ? starting[0] : undefined;
}
