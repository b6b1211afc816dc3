/** Names longer than this are compared with nothing: what was written may come from a stranger. */
const WRITTEN_MAX = 64;

/** The known name closest to what was written, if it is close enough to have been meant. */
export function nearestName(written: string, known: readonly string[]): string | undefined {
  if (written.length > WRITTEN_MAX) return undefined;
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distance = distanceOf(written.toLowerCase(), name.toLowerCase());
    if (best === undefined || distance < best.distance) best = { name, distance };
  }
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.name.length / 2)) ? best.name : undefined;
}

/** Levenshtein: insertions, deletions and replacements that make one of the other. */
function distanceOf(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replace, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
