import { killAny } from './kill-any.ts';
import type { Scenario } from './scenario.ts';

/** In the order in which `all` runs them. Each stands in the file of its name. */
export const SCENARIOS: readonly Scenario[] = [killAny];
