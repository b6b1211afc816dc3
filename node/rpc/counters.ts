import type { ErrorType } from './error-codes.ts';

/** Told of what must not leave the node: an error that no client may see in words. */
export type ReportInternal = (method: string | undefined, error: unknown) => void;

/** Why a connection was ended or not taken. */
export type CutReason = 'connections' | 'sockets' | 'slow-reader' | 'no-pong' | 'token';

/** Calls and refusals by reason (reliability.md 6, rule 11), in Prometheus text form. */
export class RpcCounters {
  /** By method, then by outcome: a label built for each call would cost more than the count. */
  readonly #calls = new Map<string, Map<string, number>>();
  readonly #cuts = new Map<CutReason, number>();
  readonly #report: ReportInternal | undefined;

  constructor(report?: ReportInternal) {
    this.#report = report;
  }

  /** Labels are of closed sets: the names of methods, and the types of errors. */
  count(method: string | undefined, error: ErrorType | undefined, cause?: unknown): void {
    const outcome = error ?? 'ok';
    let outcomes = this.#calls.get(method ?? 'none');
    if (outcomes === undefined) {
      outcomes = new Map();
      this.#calls.set(method ?? 'none', outcomes);
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    if (error === 'internal') this.#report?.(method, cause);
  }

  cut(reason: CutReason): void {
    this.#cuts.set(reason, (this.#cuts.get(reason) ?? 0) + 1);
  }

  text(): string {
    const calls = [...this.#calls].flatMap(([method, outcomes]) =>
      [...outcomes].map(
        ([outcome, value]) => `waggle_rpc_calls_total{method="${method}",outcome="${outcome}"} ${value}\n`,
      ),
    );
    const cuts = [...this.#cuts].map(([reason, value]) => `waggle_rpc_cuts_total{reason="${reason}"} ${value}\n`);
    return [
      '# HELP waggle_rpc_calls_total JSON-RPC calls by method and outcome.\n# TYPE waggle_rpc_calls_total counter\n',
      ...calls.sort(),
      '# HELP waggle_rpc_cuts_total Connections ended or not taken.\n# TYPE waggle_rpc_cuts_total counter\n',
      ...cuts.sort(),
    ].join('');
  }
}
