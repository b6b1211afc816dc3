import { EXIT } from '../exit-codes.ts';

/** What a code of a command or daemon means, apart from the facts of one case. */
export interface FailureCode {
  readonly exit: number;
  readonly meaning: string;
  /** What usually happened. */
  readonly cause: string;
  /** What to do next. */
  readonly next: string;
  /** Whether the same command may succeed later without a change. */
  readonly retryable: boolean;
}

/** One line of the table; what ends with 75 may be tried again. */
export function code(
  exit: number,
  meaning: string,
  cause: string,
  next: string,
  retryable = exit === EXIT.tryAgain,
): FailureCode {
  return { exit, meaning, cause, next, retryable };
}

export const REPORT = 'WAGGLE_DEBUG=1 prints where it happened: report it with the log of the node';
export const NEW_HOME =
  'move the home away, make a new one, and let it sync from the others: never start an old copy of a journal';
