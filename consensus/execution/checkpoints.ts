import { hashesEqual } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { type Checkpoint, checkpointDigest, type SignedCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import { faultBound } from '../../protocol/roster.ts';
import { accuse } from '../accuse.ts';
import type { Turn } from '../replica-state.ts';

interface Collected {
  /** What this node executed, whether or not it has a seat to sign it. */
  own: Checkpoint | undefined;
  readonly bySigner: Map<number, SignedCheckpoint>;
  proven: boolean;
}

/** Heights kept around the executed one: signatures come a little before or after a node executes a block itself. */
const HEIGHTS_KEPT = 64;
/** Longest wait of an own signature for company. */
const RIDE_MS = 50;
/** Own signatures that wait: who catches up over many blocks tells of the last ones, nobody lacks the others. */
const HELD_MAX = 64;

/**
 * K-01: signatures over executed blocks, own and others'. f + 1 equal ones are a proof; a different one is evidence and
 * stops nobody; f + 1 validators that agree with each other and not with this node stop this node (protocol.md).
 */
export class Checkpoints {
  readonly #byHeight = new Map<number, Collected>();
  #latestOwn: SignedCheckpoint | undefined;
  #held: SignedCheckpoint[] = [];
  #heldUntilMs = 0;
  /** Up to which height the roster before had its say, and how many of them were to agree. */
  #before = { height: 0, validators: 0 };

  /** Signatures of the last blocks of an epoch come when the next has begun; of blocks above there are none of it. */
  endEpoch(height: number, validators: number): void {
    this.#before = { height, validators };
    for (const above of this.#byHeight.keys()) if (above > height) this.#byHeight.delete(above);
  }

  #faultBound({ replica }: Turn, height: number): number {
    return faultBound(height <= this.#before.height ? this.#before.validators : replica.peers.length);
  }

  latestOwn(): SignedCheckpoint | undefined {
    return this.#latestOwn;
  }

  /** K-02: an own signature waits a little for a frame to ride on: nobody's vote depends on it. */
  hold(signed: SignedCheckpoint, nowMs: number): void {
    if (this.#held.length === 0) this.#heldUntilMs = nowMs + RIDE_MS;
    if (this.#held.length >= HELD_MAX) this.#held.shift();
    this.#held.push(signed);
  }

  /** Send what is held when something else goes to all in this step, or when it waited long enough. */
  release({ now, out }: Turn): void {
    if (this.#held.length === 0) return;
    const rides = out.send.some(({ to }) => to === 'all');
    if (!rides && now.monoMs < this.#heldUntilMs) {
      out.wakeAt(this.#heldUntilMs);
      return;
    }
    for (const checkpoint of this.#held) out.broadcast({ kind: 'checkpoint', checkpoint });
    this.#held = [];
  }

  /** What this node executed, with its signature when it has a seat. */
  addOwn(turn: Turn, own: Checkpoint, signed: SignedCheckpoint | undefined): void {
    const { height } = own;
    const collected = this.#at(height);
    collected.own = own;
    if (signed !== undefined) {
      this.#latestOwn = signed;
      collected.bySigner.set(signed.signer, signed);
    }
    for (const other of this.#byHeight.keys()) if (other < height - HEIGHTS_KEPT) this.#byHeight.delete(other);
    for (const other of collected.bySigner.values()) this.#compare(turn, collected, other);
    this.#prove(turn, collected);
  }

  /** A verified signature of a peer. Heights far from the executed one are not kept. */
  add(turn: Turn, signed: SignedCheckpoint): 'added' | 'known' | 'outside' {
    const { height } = signed.checkpoint;
    if (Math.abs(height - turn.replica.executed.height) > HEIGHTS_KEPT) return 'outside';
    const collected = this.#at(height);
    if (collected.bySigner.has(signed.signer)) return 'known';
    collected.bySigner.set(signed.signer, signed);
    this.#compare(turn, collected, signed);
    this.#prove(turn, collected);
    return 'added';
  }

  /** Whether this very signature is here already. */
  has(signed: SignedCheckpoint): boolean {
    const known = this.#byHeight.get(signed.checkpoint.height)?.bySigner.get(signed.signer);
    return (
      known !== undefined &&
      hashesEqual(known.signature, signed.signature) &&
      isSame(known.checkpoint, signed.checkpoint)
    );
  }

  /** For the checkers: entries a table. */
  sizes(): { heights: number; signatures: number; waiting: number } {
    const signatures = Math.max(0, ...[...this.#byHeight.values()].map(({ bySigner }) => bySigner.size));
    return { heights: this.#byHeight.size, signatures, waiting: this.#held.length };
  }

  #at(height: number): Collected {
    let collected = this.#byHeight.get(height);
    if (collected === undefined) {
      collected = { own: undefined, bySigner: new Map(), proven: false };
      this.#byHeight.set(height, collected);
    }
    return collected;
  }

  #compare(turn: Turn, { own, bySigner }: Collected, signed: SignedCheckpoint): void {
    const { replica, out } = turn;
    if (own === undefined || isSame(own, signed.checkpoint)) return;
    const { height } = signed.checkpoint;
    accuseNow(turn, signed, `another checkpoint of height ${height}`);
    const agreeing = [...bySigner.values()].filter((other) => isSame(other.checkpoint, signed.checkpoint)).length;
    if (agreeing <= this.#faultBound(turn, height)) return;
    replica.violated = true;
    const facts = `height ${height}: own ${rootsOf(own)}, theirs ${rootsOf(signed.checkpoint)}`;
    out.tell({ kind: 'violation', invariant: 'f + 1 validators executed to another root', facts });
  }

  #prove(turn: Turn, collected: Collected): void {
    const { own } = collected;
    if (own === undefined || collected.proven) return;
    const equal = [...collected.bySigner.values()].filter((other) => isSame(other.checkpoint, own));
    if (equal.length <= this.#faultBound(turn, own.height)) return;
    collected.proven = true;
    turn.out.tell({ kind: 'checkpoint', signed: equal.sort((a, b) => a.signer - b.signer) });
  }
}

/** Who is accused is named by the seat it has now; of who has none any more nothing follows. */
function accuseNow(turn: Turn, { checkpoint, signer }: SignedCheckpoint, what: string): void {
  const { roster, rosterBefore } = turn.replica.config;
  const name = rosterBefore?.epoch === checkpoint.epoch ? rosterBefore.validators[signer]?.name : undefined;
  const isNow = checkpoint.epoch === roster.epoch;
  const seat = isNow ? signer : roster.validators.findIndex((one) => one.name === name);
  if (seat >= 0) accuse(turn, what, seat, 0);
}

/** The history holds the roots of all blocks before: equal roots of this one say that an earlier block went apart. */
function rootsOf({ root, history }: Checkpoint): string {
  return `root ${toHex(root)} history ${toHex(history)}`;
}

function isSame(a: Checkpoint, b: Checkpoint): boolean {
  return hashesEqual(checkpointDigest(a), checkpointDigest(b));
}
