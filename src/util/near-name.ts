/**
 * Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours, one point each
 * (a swap counts once, so "rnak" is one step from "rank").
 */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length];
}

/** The name most like `wanted`, if one is like it at all: at most a third of its letters differ (always one may). */
export function nearestName(wanted: string, names: readonly string[]): string | undefined {
  const text = wanted.toLowerCase().slice(0, 100);
  const limit = Math.max(1, Math.floor(text.length / 3));
  let best: { name: string; distance: number } | undefined;
  for (const name of names) {
    const distance = editDistance(text, name.toLowerCase());
    if (distance <= limit && distance < (best?.distance ?? Infinity)) best = { name, distance };
  }
  return best?.name;
}

/** `did you mean "x"?`, or else the names there are; the end of every "unknown name" message. */
export function suggestName(wanted: string, names: readonly string[]): string {
  const near = nearestName(wanted, names);
  if (near !== undefined) return `did you mean "${near}"?`;
  return names.length === 0 ? "there are none" : `there are: ${names.join(", ")}`;
}
