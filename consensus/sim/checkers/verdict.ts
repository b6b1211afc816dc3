const VIOLATIONS_MAX = 20;

/** What the checkers found. A run with anything in it has failed. */
export class Verdict {
  readonly violations: string[] = [];
  count = 0;

  report(invariant: string, facts: string): void {
    this.count += 1;
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(`${invariant}: ${facts}`);
  }
}
