/** Named event counts. Every refusal and every drop of the network bumps one (reliability.md 6, rule 11). */
export class Counters {
  readonly #counts = new Map<string, number>();

  bump(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  snapshot(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
