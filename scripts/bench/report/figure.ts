/** An aim of the goals (docs/performance.md) and how a figure is held against it. */
export interface Aim {
  /** P1…P11. */
  readonly goal: string;
  readonly sign: '<' | '<=' | '>=';
  readonly bound: number;
}

/** Print `name key=value …`: what the runner reads as one figure. What is undefined was not measured, and is not said. */
export function figure(name: string, values: object): void {
  console.log(`${name} ${pairsOf(values)}`);
}

/** A figure with its aim beside it. @returns whether the aim is met */
export function judged(name: string, key: string, value: number, aim: Aim): boolean {
  const met = isMet(value, aim);
  const verdict = met ? 'pass' : 'miss';
  figure(name, { [key]: value, goal: aim.goal, aim: `${aim.sign}${aim.bound}`, verdict });
  return met;
}

/** NaN, a figure that could not be taken, meets nothing. */
export function isMet(value: number, { sign, bound }: Aim): boolean {
  if (sign === '>=') return value >= bound;
  return sign === '<' ? value < bound : value <= bound;
}

/** Three digits that count: more would claim what a busy machine cannot measure. */
export function rounded(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(3)) : value;
}

function pairsOf(values: object): string {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
