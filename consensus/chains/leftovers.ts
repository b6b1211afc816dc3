import { decodeItems, ITEM_KINDS, type Item, itemLeaf, type Segment } from '../../protocol/chain/segment.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { decodeSignedBallot, type SignedBallot } from '../../protocol/governance/ballot.ts';
import { decodeSignedOperation } from '../../protocol/governance/operation.ts';
import type { Hash } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { shardOf } from '../../protocol/ids.ts';
import type { Replica, Turn } from '../replica-state.ts';
import type { JournalEntry, ReplicaConfig } from '../types.ts';
import { maySeal } from './restart.ts';

/** An item this node accepted in an epoch that ended without it. */
export interface Leftover {
  readonly shard: number;
  readonly item: Item;
  readonly id: Hash;
}

/** Asked again after this long: whoever took them may be gone. */
const CARRY_EVERY_MS = 3_000;
const CARRIED_AT_A_TIME_MAX = 256;

/**
 * C-07: what an author sealed and no final cut of the epoch has is dead with its segment, and was accepted all the same. It
 * is in the new journal before the old one goes, and here until a block has executed it. An author seals it again where the
 * new slot table has it; who has no seat any more, or may not seal, has others carry it.
 */
export class Leftovers {
  readonly #byId = new Map<string, Leftover>();
  #unfed: Leftover[] = [];
  #carryAtMs = Number.MIN_SAFE_INTEGER;

  get size(): number {
    return this.#byId.size;
  }

  all(): Leftover[] {
    return [...this.#byId.values()];
  }

  keep(leftover: Leftover): void {
    const key = toHex(leftover.id);
    if (this.#byId.has(key)) return;
    this.#byId.set(key, leftover);
    this.#unfed.push(leftover);
  }

  /** A block executed it, whatever became of it. */
  settle(id: Hash): void {
    if (this.#byId.size > 0) this.#byId.delete(toHex(id));
  }

  /** A segment of this epoch has it: it is sealed already. */
  sealed(segment: Segment): void {
    if (this.#unfed.length === 0) return;
    const ids = new Set(decodeItems(segment.body, segment.header.count).map((item) => toHex(idOf(item))));
    this.#unfed = this.#unfed.filter(({ id }) => !ids.has(toHex(id)));
  }

  feed({ replica, now, out }: Turn): boolean {
    if (this.#unfed.length === 0) return false;
    if (maySeal(replica)) {
      const taken = this.#unfed.findIndex(({ shard, item, id }) => !replica.pool.add(shard, item, id, now.monoMs));
      const count = taken < 0 ? this.#unfed.length : taken;
      this.#unfed.splice(0, count);
      return count > 0;
    }
    this.#unfed = this.#unfed.filter(({ id }) => this.#byId.has(toHex(id)));
    if (now.monoMs >= this.#carryAtMs) {
      this.#carryAtMs = now.monoMs + CARRY_EVERY_MS;
      for (const one of this.#unfed.slice(0, CARRIED_AT_A_TIME_MAX)) out.tell({ kind: 'carry', ...one });
    }
    if (this.#unfed.length > 0) out.wakeAt(this.#carryAtMs);
    return false;
  }
}

/** C-07, as a rule. */
export function feedLeftovers(turn: Turn): boolean {
  return turn.replica.leftovers.feed(turn);
}

/** What the next epoch has to take along, oldest first: from segments above the final cut, from the pool, and from before. */
export function leftoversOf({ chains, authors, pool, config, leftovers }: Replica): Leftover[] {
  const held = chains
    .all()
    .filter(({ author }) => author === config.self)
    .flatMap((chain) => chain.held());
  return [...leftovers.all(), ...[...held, ...authors.unsynced()].flatMap(itemsOf), ...pool.drain()];
}

/** The same from a journal alone. `isOrdered` says which segments a final cut of the epoch had. */
export function leftoversIn(
  entries: readonly JournalEntry[],
  { keyring = [], verify }: Pick<ReplicaConfig, 'keyring' | 'verify'>,
  isOrdered: (segment: Segment) => boolean,
): Leftover[] {
  return entries.flatMap((entry) => {
    if (entry.kind === 'leftover') return [{ ...entry, id: idOf(entry.item) }];
    if (entry.kind !== 'segment' || isOrdered(entry.segment)) return [];
    const { id, signature } = entry.segment;
    return keyring.some(({ publicKey }) => verify(publicKey, id, signature)) ? itemsOf(entry.segment) : [];
  });
}

function itemsOf({ header, body }: Segment): Leftover[] {
  return decodeItems(body, header.count).map((item) => ({ shard: header.shard, item, id: idOf(item) }));
}

/** As execution names it: what does not decode goes by its bytes. */
export function idOf(item: Item): Hash {
  const { kind, bytes } = item;
  if (kind === ITEM_KINDS.operation) return read(decodeSignedOperation, bytes)?.id ?? itemLeaf(item);
  return ballotOf(item)?.id ?? itemLeaf(item);
}

/** The shard an item belongs into; what is no ballot belongs into the control shard. */
export function shardOfItem({ shards, slots }: Pick<ReplicaConfig, 'shards' | 'slots'>, item: Item): number {
  const ballot = ballotOf(item)?.ballot;
  return ballot === undefined ? 0 : shardOf(ballot.space, ballot.voter, shards, slots);
}

/** Where the new table has it; what is no ballot stays, as far as there is such a shard. */
export function placeLeftover({ shards, slots }: ReplicaConfig, { shard, item, id }: Leftover): Leftover {
  const ballot = ballotOf(item)?.ballot;
  if (ballot === undefined) return { shard: Math.min(shard, shards), item, id };
  return { shard: shardOf(ballot.space, ballot.voter, shards, slots), item, id };
}

function ballotOf({ kind, bytes }: Item): SignedBallot | undefined {
  return kind === ITEM_KINDS.ballot ? read(decodeSignedBallot, bytes) : undefined;
}

function read<Value>(decode: (bytes: Uint8Array) => Value, bytes: Uint8Array): Value | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof WaggleError) return undefined;
    throw error;
  }
}
