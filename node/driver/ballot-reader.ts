import { decodeItems, type Item, readStoredSegment } from '../../protocol/chain/segment.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { decodeSignedBallot } from '../../protocol/governance/ballot.ts';
import { headKey } from '../../protocol/governance/row-keys.ts';
import { decodeHead, HEADS_TABLE } from '../../protocol/governance/rows.ts';
import type { HeadRow } from '../../protocol/governance/state.ts';
import type { Hash } from '../../protocol/hash.ts';
import { isId } from '../../protocol/ids.ts';
import type { BallotFacts } from '../rpc/node-api.ts';
import {
  ballotIndexKey,
  ballotKey,
  ballotPlaceKey,
  type LedgerKey,
  nameOfKey,
  PREFIXES,
  rowNameOf,
  segmentKey,
  stateRowKey,
  textsSuffix,
} from '../storage/keys.ts';
import { type BallotPlace, decodeBallotPlace } from './ballot-places.ts';
import { decodeItemRecord, type ItemFacts } from './ledger-records.ts';
import type { LedgerSource } from './overlay.ts';
import type { NameAt } from './rosters.ts';
import { headSuffix } from './stored-rows.ts';

export type BallotAt = BallotFacts & { readonly cursor: string };

export interface BallotPage {
  readonly voter?: string;
  /** Cursor of the last one seen. */
  readonly after?: string;
  readonly limit: number;
}

/** A ballot of a list: the suffix of its key in the index orders it, whether it has a line there or not. */
interface Line {
  readonly suffix: Uint8Array;
  readonly id: Hash;
  /** What became of it there; undefined where a head names it: it was counted. */
  readonly facts: ItemFacts | undefined;
}

interface After {
  readonly suffix: Uint8Array;
  readonly voter: string;
}

/** Items of segments read for one list, of the last few: ballots of a batch stand together. */
type Segments = Map<string, readonly Item[] | undefined>;
const SEGMENTS_MAX = 32;

const PAGE_ROWS = 1_000;

/** Finds ballots by id and by session (decision 015). */
export class BallotReader {
  readonly #source: LedgerSource;
  readonly #nameAt: NameAt;
  readonly #missing: (prefix: number) => WaggleError;

  /** `nameAt`: the validator of an index in the epoch of a block. `missing` makes the error of a record that another one says is there. */
  constructor(source: LedgerSource, nameAt: NameAt, missing: (prefix: number) => WaggleError) {
    this.#source = source;
    this.#nameAt = nameAt;
    this.#missing = missing;
  }

  /** @throws WaggleError WAGGLE_STORE_DAMAGED, WAGGLE_STORE_FAILED, WAGGLE_LEDGER_RECORD, WAGGLE_CODEC_* */
  async find(id: Hash): Promise<BallotFacts | undefined> {
    return await this.#find(id, new Map());
  }

  /**
   * In (voter, height, place) order, none of those counted up to `floorHeight`.
   * @throws WaggleError WAGGLE_LEDGER_CURSOR not one of this session's cursors, and as `find`
   */
  async list(space: string, session: string, page: BallotPage, floorHeight: number): Promise<BallotAt[]> {
    const { voter, after: cursor, limit } = page;
    const texts = voter === undefined ? [space, session] : [space, session, voter];
    if (!texts.every(isId)) return [];
    const start = textsSuffix(...texts);
    const after = cursor === undefined ? undefined : decodeCursor(cursor, start);
    const found = { space, session, voter, after, limit };
    const heads = await this.#heads(found, floorHeight);
    const indexed = await this.#indexed(start, after, limit);
    const lines = new Map([...heads, ...indexed].map((line) => [encodeCursor(line.suffix), line]));
    const sorted = [...lines].sort(([, a], [, b]) => Buffer.compare(a.suffix, b.suffix)).slice(0, limit);
    const ballots: BallotAt[] = [];
    const segments: Segments = new Map();
    for (const [at, { id, facts }] of sorted) {
      const stored = await this.#find(id, segments);
      if (stored === undefined) throw this.#missing(PREFIXES.ballot);
      ballots.push({ ...stored, ...(facts === undefined ? {} : this.#placed(facts)), cursor: at });
    }
    return ballots;
  }

  /** The head of a voter, as the ledger has it. @throws as `find` */
  async head(space: string, session: string, voter: string): Promise<HeadRow | undefined> {
    const value = await this.#source.get(stateRowKey(HEADS_TABLE, headKey(space, session, voter)));
    return value === undefined ? undefined : decodeHead(value);
  }

  /** Who has a head in a session, as the ledger has it. @throws as `find` */
  async voters(space: string, session: string): Promise<ReadonlySet<string>> {
    const start = headSuffix(headKey(space, session, ''));
    const voters = new Set<string>();
    for (let after: Uint8Array | undefined; ; ) {
      const above = after === undefined ? {} : { after };
      const rows = await this.#source.range(PREFIXES.row, start, { ...above, limit: PAGE_ROWS });
      for (const { suffix } of rows) voters.add(voterOfRow(suffix));
      after = rows.at(-1)?.suffix;
      if (after === undefined || rows.length < PAGE_ROWS) return voters;
    }
  }

  /** Ballots with a line in the index: what was refused, and all of a session in which ballots may be revised. */
  async #indexed(start: Uint8Array, after: After | undefined, limit: number): Promise<Line[]> {
    const above = after === undefined ? {} : { after: after.suffix };
    const found = await this.#source.range(PREFIXES.ballotIndex, start, { ...above, limit });
    return found.map(({ suffix, value }) => {
      const { rest: id, ...facts } = decodeItemRecord(value);
      return { suffix, id, facts };
    });
  }

  /** Counted ballots that heads name, as many as asked for: heads at or below the floor are none. */
  async #heads(wanted: Wanted, floorHeight: number): Promise<Line[]> {
    const { space, session, voter, after, limit } = wanted;
    const start = headSuffix(headKey(space, session, voter ?? ''));
    const lines: Line[] = [];
    let above: { from?: Uint8Array; after?: Uint8Array } =
      after === undefined ? {} : { from: headSuffix(headKey(space, session, after.voter)) };
    for (;;) {
      const rows = await this.#source.range(PREFIXES.row, start, { ...above, limit: limit + 1 });
      for (const { suffix, value } of rows) {
        const of = voterOfRow(suffix);
        const { ballot, height } = decodeHead(value);
        // What begins with a voter's name may be another's.
        if ((voter !== undefined && of !== voter) || height <= floorHeight) continue;
        lines.push(...(await this.#headLine(wanted, of, ballot)));
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length <= limit || lines.length >= limit) return lines;
      above = { after: last.suffix };
    }
  }

  /** None where it lies at or before the cursor. */
  async #headLine({ space, session, after }: Wanted, voter: string, id: Hash): Promise<Line[]> {
    const place = await this.#placeOf(id);
    if (place === undefined) throw this.#missing(PREFIXES.ballotPlace);
    const suffix = ballotIndexKey(space, session, voter, place.height, place.index).subarray(1);
    const isSeen = after !== undefined && Buffer.compare(suffix, after.suffix) <= 0;
    return isSeen ? [] : [{ suffix, id, facts: undefined }];
  }

  async #placeOf(id: Hash): Promise<BallotPlace | undefined> {
    const value = await this.#source.get(ballotPlaceKey(id));
    return value === undefined ? undefined : decodeBallotPlace(value);
  }

  async #find(id: Hash, segments: Segments): Promise<BallotFacts | undefined> {
    const place = await this.#placeOf(id);
    const placed = place === undefined ? undefined : await this.#standing(place, segments);
    if (placed !== undefined) return placed;
    const value = await this.#source.get(ballotKey(id));
    if (value === undefined && place !== undefined) throw this.#missing(PREFIXES.segment);
    if (value === undefined) return undefined;
    const { rest, ...facts } = decodeItemRecord(value);
    return { ballot: decodeSignedBallot(rest), ...this.#placed(facts) };
  }

  /** Undefined when its segment is not there: given up with its ballots put apart, or lost. */
  async #standing({ segment, item, height }: BallotPlace, segments: Segments): Promise<BallotFacts | undefined> {
    const items = await this.#itemsOf(segmentKey(segment), segments);
    if (items === undefined) return undefined;
    const found = items[item];
    if (found === undefined) throw this.#missing(PREFIXES.segment);
    const { shard, author } = segment;
    return { ballot: decodeSignedBallot(found.bytes), ...this.#placed({ outcome: 'counted', height, shard, author }) };
  }

  async #itemsOf(key: LedgerKey, segments: Segments): Promise<readonly Item[] | undefined> {
    const name = nameOfKey(key);
    if (segments.has(name)) return segments.get(name);
    const bytes = await this.#source.get(key);
    const stored = bytes === undefined ? undefined : readStoredSegment(bytes);
    const items = stored && decodeItems(stored.body, stored.header.count);
    if (segments.size >= SEGMENTS_MAX) segments.clear();
    segments.set(name, items);
    return items;
  }

  #placed({ outcome, height, shard, author }: ItemFacts): Omit<BallotFacts, 'ballot'> {
    return { outcome, height, shard, author: this.#nameAt(height, author) };
  }
}

interface Wanted {
  readonly space: string;
  readonly session: string;
  readonly voter: string | undefined;
  readonly after: After | undefined;
  readonly limit: number;
}

function voterOfRow(suffix: Uint8Array): string {
  const name = rowNameOf(suffix);
  return name.slice(name.lastIndexOf('/') + 1);
}

function encodeCursor(suffix: Uint8Array): string {
  return Buffer.from(suffix).toString('base64url');
}

/** The place a cursor names, which must lie in the range it continues. */
function decodeCursor(cursor: string, start: Uint8Array): After {
  const suffix = new Uint8Array(Buffer.from(cursor.slice(0, 512), 'base64url'));
  const isInside = suffix.length > start.length && Buffer.compare(suffix.subarray(0, start.length), start) === 0;
  const voter = isInside ? voterOf(suffix) : undefined;
  if (voter === undefined) throw new WaggleError('WAGGLE_LEDGER_CURSOR');
  return { suffix, voter };
}

/** space ‖ 0 ‖ session ‖ 0 ‖ voter ‖ 0 ‖ … */
function voterOf(suffix: Uint8Array): string | undefined {
  const ends = [...suffix.keys()].filter((at) => suffix[at] === 0);
  const [, from, to] = ends;
  if (from === undefined || to === undefined) return undefined;
  const voter = Buffer.from(suffix.subarray(from + 1, to)).toString('latin1');
  return isId(voter) ? voter : undefined;
}
