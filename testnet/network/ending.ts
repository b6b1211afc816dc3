import process from 'node:process';
import { WaggleError } from '../../protocol/errors.ts';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const HOUR_MS = 3_600_000;

/** How a command that started processes hears of Ctrl-C: what it waits for is broken off, and its `finally` cleans up. */
export interface Ending {
  /** `work`, unless a signal comes first. @throws WaggleError WAGGLE_CLI_INTERRUPTED {signal} */
  race<Result>(work: Promise<Result>): Promise<Result>;
  /** Until a signal comes. @throws WaggleError WAGGLE_CLI_INTERRUPTED {signal} */
  forever(): Promise<never>;
  /** Signals do what they did before. */
  stop(): void;
}

/**
 * From here on signals break off `race` and `forever`. While the command cleans up further ones are ignored.
 * @param next what to do after such an end, where state is not kept
 */
export function listenForSignals(next?: string): Ending {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  const hear = (signal: NodeJS.Signals) => reject(new WaggleError('WAGGLE_CLI_INTERRUPTED', { signal, next }));
  for (const signal of SIGNALS) process.on(signal, hear);
  return {
    race: (work) => Promise.race([promise, work]),
    async forever() {
      // Nothing else may be left that keeps this process alive.
      const alive = setInterval(() => undefined, HOUR_MS);
      try {
        return await promise;
      } finally {
        clearInterval(alive);
      }
    },
    stop() {
      for (const signal of SIGNALS) process.off(signal, hear);
    },
  };
}
