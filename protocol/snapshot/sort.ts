/** Steps between two pauses. */
const SLICE = 4_096;

/**
 * Texts in the order of their code units, with a pause (a yield) after every slice of work, since sorting a million keys
 * at once would hold up the thread for longer than a view lasts. Runs of a slice are sorted, then merged pairwise.
 */
export function* sortInSlices(texts: Iterable<string>): Generator<undefined, readonly string[], undefined> {
  let runs: string[][] = [];
  let run: string[] = [];
  for (const text of texts) {
    run.push(text);
    if (run.length < SLICE) continue;
    runs.push(run.sort());
    run = [];
    yield undefined;
  }
  if (run.length > 0) runs.push(run.sort());
  while (runs.length > 1) {
    const merged: string[][] = [];
    for (let at = 0; at < runs.length; at += 2) merged.push(yield* merge(runs[at] ?? [], runs[at + 1] ?? []));
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge(a: readonly string[], b: readonly string[]): Generator<undefined, string[], undefined> {
  const merged: string[] = [];
  let atA = 0;
  let atB = 0;
  while (atA < a.length || atB < b.length) {
    const [nextA, nextB] = [a[atA], b[atB]];
    if (nextB === undefined || (nextA !== undefined && nextA <= nextB)) {
      if (nextA !== undefined) merged.push(nextA);
      atA += 1;
    } else {
      merged.push(nextB);
      atB += 1;
    }
    if (merged.length % SLICE === 0) yield undefined;
  }
  return merged;
}
