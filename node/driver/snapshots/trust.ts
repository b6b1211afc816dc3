import type { HistoryLink, Message } from '../../../consensus/types.ts';
import { HISTORY_LINKS_MAX } from '../../../consensus/wire.ts';
import { WaggleError } from '../../../protocol/errors.ts';
import { type Hash, hashesEqual } from '../../../protocol/hash.ts';
import { type Checkpoint, nextHistory } from '../../../protocol/receipt/checkpoint.ts';
import type { Snapshot } from '../../../protocol/snapshot/snapshot.ts';
import { metaKey } from '../../storage/keys.ts';
import type { LedgerReader } from '../ledger-reader.ts';
import type { LedgerWriter } from '../ledger-writer.ts';
import { askOne } from './one-answer.ts';
import type { SnapshotFetchParts } from './snapshot-fetch.ts';
import { decodeFloor, encodeFloor } from './snapshot-records.ts';

export interface TrustParts extends Pick<SnapshotFetchParts, 'peers' | 'request' | 'counters'> {
  readonly trusted: Checkpoint;
  readonly reader: LedgerReader;
  readonly writer: Pick<LedgerWriter, 'put' | 'overlay'>;
  /** Faulty validators there may be. */
  readonly faults: () => number;
  /** The history that the validators hold does not lead to or from the trusted checkpoint: this node must stop. */
  readonly differs: (error: WaggleError) => void;
}

const TRUSTED_KEY = metaKey('trusted');

/** Messages of one answer: the links come in as many as fit. */
type Links = readonly HistoryLink[];

/**
 * What the operator trusts, held against what validators say (protocol.md: `--trusted` refuses what does not lead to it). A
 * snapshot at the trusted height must be of that block and history; one above must be reached from there, link by link, where
 * a link is the hash of a block and the root that its execution came to; one below is believed until the node has executed
 * up to the trusted height itself and finds another history there.
 */
export class Trust {
  readonly #parts: TrustParts;
  /** Peers whose whole answer did not lead to a snapshot that f + 1 signed. */
  readonly #against = new Set<string>();

  constructor(parts: TrustParts) {
    this.#parts = parts;
  }

  /** Whether the snapshot is, leads to, or is led to by the trusted checkpoint, as far as can be known now. */
  async isTrusted(snapshot: Snapshot, signal: AbortSignal): Promise<boolean> {
    const { trusted, counters } = this.#parts;
    if (snapshot.height < trusted.height) return true;
    if (snapshot.height === trusted.height) {
      const isSame = isAt(trusted, snapshot.blockHash, snapshot.history);
      if (!isSame) this.#differ(snapshot.height);
      return isSame;
    }
    for (const peer of this.#parts.peers()) {
      const links = await this.#linksOf(peer, snapshot, signal);
      if (links === undefined) continue;
      if (leadsTo(trusted.history, links, snapshot)) {
        this.#remember();
        return true;
      }
      counters.bump('trust.not_led_to');
      this.#against.add(peer);
      if (this.#against.size > this.#parts.faults()) this.#differ(snapshot.height);
    }
    return false;
  }

  /**
   * The ledger this node starts with, held against the checkpoint.
   * @throws WaggleError WAGGLE_TRUST_DIFFERS; WAGGLE_TRUST_UNPROVEN: it began above, and was not held against this one then
   */
  async checkStart(executed: { readonly height: number; readonly hash: Hash; readonly history: Hash }): Promise<void> {
    const { trusted, reader, writer } = this.#parts;
    const { height } = trusted;
    if (executed.height < height) return;
    const block = executed.height === height ? undefined : await reader.block({ height });
    const [signed] = executed.height === height ? [] : await reader.checkpoint(height);
    const hash = executed.height === height ? executed.hash : (signed?.checkpoint.blockHash ?? block?.hash);
    const history = executed.height === height ? executed.history : signed?.checkpoint.history;
    if (hash !== undefined) {
      if (isAt(trusted, hash, history ?? trusted.history)) return;
      throw differing(height, height);
    }
    const proven = await writer.overlay.get(TRUSTED_KEY);
    if (proven !== undefined && hashesEqual(decodeFloor(proven).hash, trusted.history)) return;
    throw new WaggleError('WAGGLE_TRUST_UNPROVEN', { trustedHeight: height, from: reader.floor.height + 1 });
  }

  /** The ledger will begin above the trusted height: this is what it was held against. */
  #remember(): void {
    const { trusted, writer } = this.#parts;
    const value = encodeFloor({ height: trusted.height, hash: trusted.history, ballotsHeight: 0 });
    writer.put({ puts: [{ key: TRUSTED_KEY, value, height: 0 }], blocks: 0, height: undefined });
  }

  /** After every executed block. */
  executed(height: number, hash: Hash, history: Hash): void {
    const { trusted } = this.#parts;
    if (height === trusted.height && !isAt(trusted, hash, history)) this.#differ(height);
  }

  #differ(height: number): void {
    this.#parts.differs(differing(height, this.#parts.trusted.height));
  }

  /** Every link from the trusted checkpoint to the snapshot, of one peer; undefined when it has not all of them. */
  async #linksOf(peer: string, { height: to }: Snapshot, signal: AbortSignal): Promise<Links | undefined> {
    const links: HistoryLink[] = [];
    const first = this.#parts.trusted.height + 1;
    while (links.length < to - first + 1) {
      const from = first + links.length;
      const answer = await this.#ask(peer, from, Math.min(to, from + HISTORY_LINKS_MAX - 1), signal);
      if (answer?.kind !== 'history' || answer.from !== from || answer.links.length === 0) return undefined;
      links.push(...answer.links);
    }
    return links.length === to - first + 1 ? links : undefined;
  }

  async #ask(peer: string, from: number, to: number, signal: AbortSignal): Promise<Message | undefined> {
    return await askOne(this.#parts.request, peer, { kind: 'fetch-history', from, to }, signal).catch(() => {
      this.#parts.counters.bump('trust.no_answer');
      return undefined;
    });
  }
}

function differing(height: number, trustedHeight: number): WaggleError {
  return new WaggleError('WAGGLE_TRUST_DIFFERS', { height, trustedHeight });
}

function isAt(trusted: Checkpoint, hash: Hash, history: Hash): boolean {
  return hashesEqual(trusted.blockHash, hash) && hashesEqual(trusted.history, history);
}

/** Whether the links make the history of the snapshot from the one they begin at, and end in its block. */
export function leadsTo(history: Hash, links: Links, snapshot: Pick<Snapshot, 'blockHash' | 'history'>): boolean {
  let at = history;
  for (const { blockHash, root } of links) at = nextHistory(at, blockHash, root);
  const last = links.at(-1);
  return last !== undefined && hashesEqual(last.blockHash, snapshot.blockHash) && hashesEqual(at, snapshot.history);
}
