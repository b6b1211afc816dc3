import type { Logger } from 'pino';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import type { LedgerStore } from '../storage/ledger-store.ts';
import { createPace, type Finding, findingOf, isMendable, type Pace, type ScrubResult, scrubStore } from './scrub.ts';

export interface LedgerCareOptions {
  /** Of a scrub, at most. */
  readonly bytesPerSecond?: number;
  /** Between two scrubs. */
  readonly pauseMs?: number;
}

export interface LedgerCareParts extends LedgerCareOptions {
  readonly store: LedgerStore;
  /** Put anew what hashes prove (repair-mend.ts). @returns records put anew */
  readonly mend: (pace: Pace) => Promise<number>;
  /** Read the journal's files again. @throws WaggleError WAGGLE_JOURNAL_DAMAGED */
  readonly verifyJournal: (pace: Pace) => Promise<void>;
  readonly onJournalDamage: (error: unknown) => void;
  /** Nothing but a start with a repair helps. */
  readonly onLost: (error: WaggleError) => void;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly nowMs: () => number;
}

export interface LedgerCareFacts {
  readonly passes: number;
  readonly scrubbedBytes: number;
  readonly damagedRecords: number;
  readonly mendedRecords: number;
}

const BYTES_PER_SECOND = 2 * 1024 * 1024;
const SHARE_MAX = 0.05;
const URGENT_SHARE_MAX = 0.5;
const PAUSE_MS = 30_000;

/**
 * Looks after what lies on the disk while the node runs: scrubs ledger and journal in the background, mends what hashes prove, and
 * stops the node where that is not enough (decision 009).
 */
export class LedgerCare {
  readonly #parts: LedgerCareParts;
  readonly #quiet: Pace;
  readonly #urgent: Pace;
  #running: Promise<void> | undefined;
  #isStopped = false;
  #isUrgent = false;
  #wake: () => void = () => undefined;
  #reason: string | undefined;
  #facts = { passes: 0, scrubbedBytes: 0, damagedRecords: 0, mendedRecords: 0 };

  constructor(parts: LedgerCareParts) {
    this.#parts = parts;
    const { nowMs, bytesPerSecond = BYTES_PER_SECOND } = parts;
    const sleep = (ms: number): Promise<void> => this.#sleep(ms);
    this.#quiet = createPace({ bytesPerSecond, shareMax: SHARE_MAX, nowMs, sleep });
    this.#urgent = createPace({
      bytesPerSecond: Number.POSITIVE_INFINITY,
      shareMax: URGENT_SHARE_MAX,
      nowMs,
      sleep,
    });
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake();
    await this.#running;
  }

  /** A reader met a damaged record: look at everything now. */
  suspect(error: unknown): void {
    const finding = findingOf(error);
    if (finding === undefined || this.#isStopped) return;
    this.#reason ??= reasonOf(finding);
    this.#isUrgent = true;
    this.#wake();
  }

  /** For people, while something is damaged. */
  reason(): string | undefined {
    return this.#reason;
  }

  facts(): LedgerCareFacts {
    return this.#facts;
  }

  async #run(): Promise<void> {
    const { pauseMs = PAUSE_MS } = this.#parts;
    while (!this.#isStopped) {
      await this.#round().catch((error: unknown) => this.#failed(error));
      if (!this.#isUrgent) await this.#sleep(pauseMs);
    }
  }

  async #round(): Promise<void> {
    const { store, verifyJournal, onJournalDamage } = this.#parts;
    const result = await scrubStore(store, this.#pace);
    this.#isUrgent = false;
    this.#facts = { ...this.#facts, passes: this.#facts.passes + 1 };
    if (result.findings.length === 0) this.#reason = undefined;
    else await this.#treat(result);
    await verifyJournal(this.#pace).catch((error: unknown) => {
      if (codeOf(error) !== 'WAGGLE_JOURNAL_DAMAGED') throw error;
      onJournalDamage(error);
    });
  }

  async #treat({ findings }: ScrubResult): Promise<void> {
    const { store, mend, log } = this.#parts;
    const [first] = findings;
    this.#reason = first === undefined ? undefined : reasonOf(first);
    this.#facts = { ...this.#facts, damagedRecords: this.#facts.damagedRecords + findings.length };
    log.error({ event: 'ledger.damaged', findings: findings.slice(0, 8), more: Math.max(0, findings.length - 8) });
    if (!findings.every(isMendable)) throw lost(findings.find((one) => !isMendable(one)) ?? findings[0]);
    this.#isUrgent = true;
    const mended = await mend(this.#pace);
    const again = await scrubStore(store, this.#pace);
    this.#isUrgent = false;
    const left = again.findings.find((one) => one.key !== undefined || !isMendable(one));
    if (left !== undefined || again.sums === undefined) throw lost(left);
    // All blocks, certificates and segments up to the executed block were just proven by their hashes.
    await store.settle(again.sums, [...new Set(again.findings.map(({ prefix }) => prefix))]);
    this.#facts = { ...this.#facts, mendedRecords: this.#facts.mendedRecords + mended };
    this.#reason = undefined;
    log.info({ event: 'ledger.mended', records: mended });
  }

  #failed(error: unknown): void {
    const { onLost, log } = this.#parts;
    const code = codeOf(error);
    if (this.#isStopped || code === 'WAGGLE_REPAIR_STOPPED') return;
    // The store told its first failure to those who must know.
    this.#isStopped = code !== 'WAGGLE_REPAIR_SOURCE';
    if (!this.#isStopped) log.warn({ event: 'ledger.unmended', err: error });
    else if (code !== 'WAGGLE_STORE_FAILED')
      onLost(
        error instanceof WaggleError ? error : new WaggleError('WAGGLE_LEDGER_DAMAGED', { reason: String(error) }),
      );
  }

  readonly #pace: Pace = async (bytes) => {
    this.#facts = { ...this.#facts, scrubbedBytes: this.#facts.scrubbedBytes + bytes };
    await (this.#isUrgent ? this.#urgent : this.#quiet)(bytes);
    if (this.#isStopped) throw new WaggleError('WAGGLE_REPAIR_STOPPED');
  };

  #sleep(ms: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms).unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** A damaged record as the error that ends a node. */
function lost(finding: Finding | undefined): WaggleError {
  const { prefix, key, reason } = finding ?? { prefix: 0, reason: 'incomplete' };
  return new WaggleError('WAGGLE_LEDGER_DAMAGED', { prefix, ...(key === undefined ? {} : { key }), reason });
}

function reasonOf({ prefix, reason }: Finding): string {
  return `its ledger on the disk is damaged (kind ${prefix}: ${reason}), and it is being repaired`;
}
