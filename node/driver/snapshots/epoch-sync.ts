import { isAwaitingState } from '../../../consensus/epoch-place.ts';
import type { Replica } from '../../../consensus/replica-state.ts';
import { verify } from '../../../protocol/crypto/verify.ts';
import type { Epoch } from '../../../protocol/epoch.ts';
import { WaggleError } from '../../../protocol/errors.ts';
import { type EpochProof, followEpochs } from '../../../protocol/receipt/epoch-proof.ts';
import type { Roster } from '../../../protocol/roster.ts';
import { askOne } from './one-answer.ts';
import type { SnapshotFetchParts } from './snapshot-fetch.ts';
import { isGone } from './snapshot-sync.ts';

export interface EpochSyncParts extends Pick<SnapshotFetchParts, 'peers' | 'request' | 'counters'> {
  readonly replica: Replica;
  /** There is something to do between two turns. */
  readonly wake: () => void;
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** Where proofs lead from the epoch the replica is in, and the proofs. */
export interface Leap {
  readonly epoch: Epoch;
  readonly proofs: readonly EpochProof[];
}

/** After a round in vain. */
const RETRY_MS = 2_000;

/**
 * O-04: the way of a node that cannot, or need not, execute the past into an epoch whose validators it does not know. Each
 * end of an epoch was signed by a quorum of that epoch, so whoever serves the proofs can withhold them and nothing else.
 */
export class EpochSync {
  readonly #parts: EpochSyncParts;
  /** This node began its life, or this start, with nothing. */
  readonly #isFresh: boolean;
  readonly #abort = new AbortController();
  readonly #liars = new Set<string>();
  #notBeforeMs = 0;
  #ready: Leap | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: EpochSyncParts) {
    this.#parts = parts;
    this.#isFresh = parts.replica.executed.height === 0;
  }

  /** Look whether there is a way to go; to be called now and then. */
  tick(): void {
    if (this.#running !== undefined || this.#ready !== undefined || this.#abort.signal.aborted) return;
    if (performance.now() < this.#notBeforeMs || !this.#isWanted()) return;
    this.#running = this.#follow().finally(() => {
      this.#notBeforeMs = performance.now() + RETRY_MS;
      this.#running = undefined;
    });
  }

  isDue(): boolean {
    return this.#ready !== undefined;
  }

  /** Between two turns: where to, unless the replica has found a way of its own meanwhile. */
  take(): Leap | undefined {
    const leap = this.#ready;
    this.#ready = undefined;
    const isAhead = leap !== undefined && leap.epoch.epoch > this.#parts.replica.config.roster.epoch;
    return isAhead && this.#isWanted() ? leap : undefined;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  #isWanted(): boolean {
    const { replica } = this.#parts;
    const { config, fence, peers, executed } = replica;
    const isVoiceless = config.self === undefined || fence !== undefined;
    const isLater = peers.some(({ status }) => status !== undefined && status.epoch > config.roster.epoch);
    if (!isVoiceless || !isLater) return false;
    const isNew = this.#isFresh && executed.height === 0;
    return isNew || isAwaitingState(replica) || isGone(peers, executed.height + 1);
  }

  async #follow(): Promise<void> {
    const { replica, peers, counters, wake, log } = this.#parts;
    for (const peer of peers()) {
      if (this.#liars.has(peer)) continue;
      const leap = await this.#leapBy(peer, replica.config.roster).catch(() => {
        counters.bump('epochs.no_answer');
        return undefined;
      });
      if (leap === undefined) continue;
      this.#ready = leap;
      log('epochs.proven', { epoch: leap.epoch.epoch, from: replica.config.roster.epoch });
      wake();
      return;
    }
  }

  /** As far as one peer has proofs. */
  async #leapBy(peer: string, from: Roster): Promise<Leap | undefined> {
    const proofs: EpochProof[] = [];
    let at: { readonly epoch: Epoch; readonly roster: Roster } | undefined;
    for (;;) {
      const roster: Roster = at?.roster ?? from;
      const answer = await this.#ask(peer, roster.epoch);
      if (answer.length === 0) return at && { epoch: at.epoch, proofs };
      try {
        at = followEpochs(this.#parts.replica.config.chain, roster, answer, verify);
      } catch {
        this.#parts.counters.bump('epochs.not_proven');
        this.#liars.add(peer);
        return undefined;
      }
      proofs.push(...answer);
    }
  }

  async #ask(peer: string, from: number): Promise<readonly EpochProof[]> {
    const answer = await askOne(this.#parts.request, peer, { kind: 'fetch-epochs', from }, this.#abort.signal);
    if (answer === undefined) return [];
    if (answer.kind === 'epochs' && answer.from === from) return answer.proofs;
    throw new WaggleError('WAGGLE_SYNC_ANSWER_KIND', { kind: answer.kind });
  }
}
