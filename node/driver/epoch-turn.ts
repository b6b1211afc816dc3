import { isEpochOver } from '../../consensus/epoch-place.ts';
import { awaitState, beginEpoch } from '../../consensus/epochs.ts';
import { liveEntries } from '../../consensus/replica.ts';
import type { Replica } from '../../consensus/replica-state.ts';
import type { Input } from '../../consensus/types.ts';
import { requireSpoken } from '../../protocol/epoch.ts';
import { epochOf } from '../../protocol/governance/epochs.ts';
import { type EpochProof, encodeEpochProof } from '../../protocol/receipt/epoch-proof.ts';
import type { Trusted } from '../config/trusted-file.ts';
import type { Journal } from '../storage/journal.ts';
import { epochEndKey } from '../storage/keys.ts';
import { startEpochJournal } from './epoch-journal.ts';
import type { LedgerWriter } from './ledger-writer.ts';
import type { EpochSync } from './snapshots/epoch-sync.ts';

export interface EpochTurnParts {
  readonly replica: Replica;
  readonly journal: Journal;
  readonly writer: Pick<LedgerWriter, 'flush' | 'put'>;
  /** 16 random bytes for the start of an epoch. */
  readonly nonce: () => Uint8Array;
  /** Proofs that lead into a later epoch than the next, where there are any (O-04). */
  readonly leaps: Pick<EpochSync, 'isDue' | 'take'>;
  /** The replica is of another epoch: whoever goes by its roster, its seat or its shards looks again. */
  readonly begun: (proofs: readonly EpochProof[]) => void;
}

/**
 * N-03, between two turns. (1) The last block of the epoch is in the ledger for good, so no start executes it from the old
 * journal. (2) The replica becomes one of the next epoch; nobody has heard anything of it yet. (3) Its journal begins with
 * what goes over, synced before the old one goes: a crash before leaves the old journal beside a ledger that is past its
 * epoch, and the next start does this again (boot.ts). (4) Only then `start`, and with it anything that is signed.
 */
export class EpochTurn {
  readonly #parts: EpochTurnParts;

  constructor(parts: EpochTurnParts) {
    this.#parts = parts;
  }

  isDue(): boolean {
    const { replica, leaps } = this.#parts;
    return replica.started && !replica.violated && (isEpochOver(replica) || leaps.isDue());
  }

  /** @returns what the next turn begins with @throws as Journal.append and LedgerWriter.flush do; WAGGLE_EPOCH_VERSION */
  async run(): Promise<readonly Input[]> {
    const { replica, journal, writer, nonce, begun } = this.#parts;
    if (!isEpochOver(replica)) return this.#leap();
    await writer.flush();
    requireSpoken(epochOf(replica.state), replica.config.spoken);
    beginEpoch(replica);
    begun([]);
    await startEpochJournal(journal, replica.config.roster.epoch, liveEntries(replica));
    return [{ kind: 'start', nonce: nonce() }];
  }

  /**
   * O-04: listen to the validators of a later epoch, until there is a state of theirs. A seat there is one that this home
   * knows nothing of: its key said that it is there (G-02), or signed, before it lost what it knew. So it is fenced.
   */
  #leap(): readonly Input[] {
    const { replica, writer, nonce, begun, leaps } = this.#parts;
    const leap = leaps.take();
    if (leap === undefined) return [];
    requireSpoken(leap.epoch, replica.config.spoken);
    putProofs(writer, leap.proofs);
    awaitState(replica, leap.epoch);
    begun(leap.proofs);
    return replica.config.self === undefined ? [] : [{ kind: 'start', nonce: nonce(), amnesia: true }];
  }

  /** The state is there, in the ledger and in the replica: the journal of before is of no epoch any more. */
  async landed(): Promise<void> {
    const { replica, journal, begun } = this.#parts;
    begun([]);
    await startEpochJournal(journal, replica.config.roster.epoch, liveEntries(replica));
  }
}

/**
 * O-04 for a node that has nothing and was told what to trust: it begins in that epoch, and so does not rest on keys of
 * earlier ones, nor on anybody who answers to them.
 */
export function beginAtTrusted(replica: Replica, trusted: Trusted | undefined): void {
  const isVoiceless = replica.config.self === undefined || replica.fence !== undefined;
  if (trusted?.epoch === undefined || replica.executed.height > 0 || !isVoiceless) return;
  awaitState(replica, trusted.epoch);
}

/** What the way was proven by, for whoever asks this node for it. */
export function putProofs(writer: Pick<LedgerWriter, 'put'>, proofs: readonly EpochProof[]): void {
  const puts = proofs.map((proof) => {
    return { key: epochEndKey(proof.seal.block.epoch), value: encodeEpochProof(proof), height: 0 };
  });
  writer.put({ puts, blocks: 0, height: undefined });
}
