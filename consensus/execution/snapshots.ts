import { toHex } from '../../protocol/hex.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { faultBound } from '../../protocol/roster.ts';
import {
  isSameSnapshot,
  type SignedSnapshot,
  type Snapshot,
  snapshotDigest,
} from '../../protocol/snapshot/snapshot.ts';
import { freezeState } from '../../protocol/snapshot/stream.ts';
import { accuse } from '../accuse.ts';
import type { Turn } from '../replica-state.ts';
import type { ReplicaConfig } from '../types.ts';

/** Signatures kept of one signer, and own snapshots: the newest heights. A liar occupies its own places only. */
const HEIGHTS_KEPT = 2;
/** Agreements remembered as told. */
const TOLD_MAX = 8;

/**
 * K-03: every so many blocks the state is frozen as it is after the block, made into a snapshot by the driver at leisure,
 * signed and told. f + 1 equal ones are a proof for a node without that history; a different one is evidence and stops
 * nobody; f + 1 that agree with each other and not with this node stop it, as with checkpoints (K-01).
 */
export class Snapshots {
  readonly #own: Snapshot[] = [];
  readonly #bySigner = new Map<number, readonly SignedSnapshot[]>();
  readonly #told: string[] = [];
  #latestOwn: SignedSnapshot | undefined;

  /** Said again with every Status, so that whoever comes later hears of it. */
  latestOwn(): SignedSnapshot | undefined {
    return this.#latestOwn;
  }

  /** This node executed and made it. Without a seat it is only compared. */
  addOwn(turn: Turn, snapshot: Snapshot): void {
    const { self, sign } = turn.replica.config;
    this.#own.push(snapshot);
    if (this.#own.length > HEIGHTS_KEPT) this.#own.shift();
    if (self !== undefined) {
      const signed = { snapshot, signer: self, signature: sign(snapshotDigest(snapshot)) };
      this.#latestOwn = signed;
      this.#keep(signed);
      turn.out.broadcast({ kind: 'snapshot', signed });
    }
    for (const one of this.#at(snapshot.height)) this.#compare(turn, one);
    this.#prove(turn, snapshot);
  }

  /** A verified signature of a peer. */
  add(turn: Turn, signed: SignedSnapshot): 'added' | 'known' | 'old' {
    const kept = this.#bySigner.get(signed.signer) ?? [];
    const { height } = signed.snapshot;
    const known = kept.find((one) => one.snapshot.height === height);
    if (known !== undefined) {
      if (!isSameSnapshot(known.snapshot, signed.snapshot)) accuse(turn, 'two snapshots of a height', signed.signer, 0);
      return 'known';
    }
    if (!this.#keep(signed)) return 'old';
    this.#compare(turn, signed);
    this.#prove(turn, signed.snapshot);
    return 'added';
  }

  /** Whether this very signature is here already: it needs no second check. */
  has({ snapshot, signer, signature }: SignedSnapshot): boolean {
    const known = this.#bySigner.get(signer)?.find((one) => one.snapshot.height === snapshot.height);
    return (
      known !== undefined && isSameSnapshot(known.snapshot, snapshot) && toHex(known.signature) === toHex(signature)
    );
  }

  /** False for a height below the ones kept of its signer. */
  #keep(signed: SignedSnapshot): boolean {
    const kept = this.#bySigner.get(signed.signer) ?? [];
    const next = [...kept, signed].sort((a, b) => b.snapshot.height - a.snapshot.height).slice(0, HEIGHTS_KEPT);
    this.#bySigner.set(signed.signer, next);
    return next.includes(signed);
  }

  #at(height: number): SignedSnapshot[] {
    return [...this.#bySigner.values()].flat().filter(({ snapshot }) => snapshot.height === height);
  }

  #compare(turn: Turn, { snapshot, signer }: SignedSnapshot): void {
    const { replica, out } = turn;
    const { height } = snapshot;
    const own = this.#own.find((one) => one.height === height);
    if (own === undefined || isSameSnapshot(own, snapshot)) return;
    accuse(turn, `another snapshot of height ${height}`, signer, 0);
    if (this.#agreeing(snapshot).length <= faultBound(replica.peers.length)) return;
    replica.violated = true;
    const facts = `height ${height}: own root ${toHex(own.root)}, theirs ${toHex(snapshot.root)}`;
    out.tell({ kind: 'violation', invariant: 'f + 1 validators have another state', facts });
  }

  #agreeing(snapshot: Snapshot): SignedSnapshot[] {
    return this.#at(snapshot.height).filter((one) => isSameSnapshot(one.snapshot, snapshot));
  }

  #prove({ replica, out }: Turn, snapshot: Snapshot): void {
    const agreeing = this.#agreeing(snapshot);
    const digest = toHex(snapshotDigest(snapshot));
    if (agreeing.length <= faultBound(replica.peers.length) || this.#told.includes(digest)) return;
    this.#told.push(digest);
    if (this.#told.length > TOLD_MAX) this.#told.shift();
    out.tell({ kind: 'snapshot', signed: agreeing.sort((a, b) => a.signer - b.signer) });
  }
}

/** Whether the state after a block of this height is made into a snapshot. */
export function isSnapshotHeight({ snapshotIntervalBlocks }: ReplicaConfig, height: number): boolean {
  return height % (snapshotIntervalBlocks ?? LIMITS.snapshotIntervalBlocks) === 0;
}

/** After an execution, and where an epoch starts: freeze the state where a snapshot is due. What is frozen costs only what is overwritten. */
export function freezeSnapshot({ replica, out }: Turn): void {
  const { config, executed, state } = replica;
  const isStart = executed.view === 0 && executed.height > 0;
  if (!isStart && !isSnapshotHeight(config, executed.height)) return;
  const place = { chain: config.chain, ...executed };
  out.tell({ kind: 'snapshot-due', place, state: freezeState(state) });
}
