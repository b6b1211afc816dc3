import type { CliIo } from './io.ts';
import { cut, plain } from './table.ts';

/** One line on stderr that is written over and over, and gone when the work is done. */
export interface ProgressLine {
  show(text: string): void;
  clear(): void;
}

/** Faster than this nobody reads. */
const PAUSE_MS = 40;
const CLEAR = '\r\u001b[K';

const BAR_CELLS = 30;

/** `███░░ 12 of 20 ballots`: how much of a known whole is done. */
export function bar(done: number, total: number, what: string): string {
  const cells = Math.floor((BAR_CELLS * Math.min(done, total)) / Math.max(1, total));
  return `${'█'.repeat(cells)}${'░'.repeat(BAR_CELLS - cells)} ${done} of ${total} ${what}`;
}

/** Says nothing unless somebody looks at stderr. */
export function progressLine(io: CliIo): ProgressLine {
  let isShown = false;
  let shownMs = Number.NEGATIVE_INFINITY;
  const isTerminal = io.isErrTerminal === true;
  return {
    show(text) {
      const nowMs = performance.now();
      if (!isTerminal || nowMs - shownMs < PAUSE_MS) return;
      shownMs = nowMs;
      isShown = true;
      io.err(`${CLEAR}${cut(plain(text), io.columns - 1)}`);
    },
    clear() {
      if (isShown) io.err(CLEAR);
      isShown = false;
    },
  };
}
