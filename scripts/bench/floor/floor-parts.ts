import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { openLedgerStore } from '../../../node/storage/ledger-store.ts';
import { assert } from '../../../protocol/assert.ts';
import { decodeSegment } from '../../../protocol/chain/segment.ts';
import { keyPairFromSeed } from '../../../protocol/crypto/keys.ts';
import { verify } from '../../../protocol/crypto/verify.ts';
import { encodeSignedBallot } from '../../../protocol/governance/ballot.ts';
import { Hall, itemsOf } from '../parts/hall.ts';
import { executePart, storePart } from '../parts/ledger-parts.ts';
import { measureParts, type Part } from '../parts/part.ts';
import { chunksOf } from '../parts/pure-parts.ts';

/** CPU-microseconds of one ballot at one node, by part. */
export interface Floor {
  /** Decoding its share of a segment, with body hash and Merkle root. */
  readonly decodeAndHash: number;
  /** Its share of the segment's signature; one of its own is in `execute`. */
  readonly verifyShare: number;
  readonly execute: number;
  readonly store: number;
  /** In the place of `store`: LevelDB alone, one record a ballot with nothing around it. */
  readonly storeBare: number;
}

const VOTERS = 1_000;
const SEGMENT_BALLOTS = 100;
const BYTES = { keyEncoding: 'view', valueEncoding: 'view' } as const;
const KEY = keyPairFromSeed(new Uint8Array(32).fill(7));

/** What no validator can leave out for a ballot, measured alone in this process. */
export class FloorParts {
  readonly #parts: readonly Part[];
  readonly #close: () => Promise<void>;

  private constructor(parts: readonly Part[], close: () => Promise<void>) {
    this.#parts = parts;
    this.#close = close;
  }

  /** `directory` is where the store lies. */
  static async open(directory: string, auth: 'operator' | 'voter'): Promise<FloorParts> {
    const hall = new Hall(VOTERS, auth);
    const { store } = await openLedgerStore(join(directory, `ledger-${auth}`), { reserveBytes: 0 });
    const segments = chunksOf(itemsOf(hall.open()), SEGMENT_BALLOTS).map((items) => hall.seal(1, items, KEY.sign));
    const decode: Part = {
      name: 'decode',
      count: VOTERS,
      run: () => {
        for (const { bytes } of segments) decodeSegment(bytes);
      },
    };
    const verifyShare: Part = {
      name: 'verify',
      count: VOTERS,
      run: () => {
        for (const { id, signature } of segments)
          assert(verify(KEY.publicKey, id, signature), 'a good signature is taken');
      },
    };
    const bare = new ClassicLevel<Uint8Array, Uint8Array>(join(directory, `bare-${auth}`), BYTES);
    const parts = [decode, verifyShare, executePart('execute', hall), barePart(bare, hall), storePart(hall, store)];
    return new FloorParts(parts, async () => {
      await store.close();
      await bare.close();
    });
  }

  async measure(rounds: number): Promise<Floor> {
    const costs = new Map((await measureParts(this.#parts, rounds)).map(({ name, cpuUs }) => [name, cpuUs]));
    const cost = (name: string): number => costs.get(name) ?? Number.NaN;
    return {
      decodeAndHash: cost('decode'),
      verifyShare: cost('verify'),
      execute: cost('execute'),
      store: cost('store/ballot'),
      storeBare: cost('store-bare'),
    };
  }

  async close(): Promise<void> {
    await this.#close();
  }
}

/** One record a ballot in one batch with a sync, as the ledger's store has it. */
function barePart(level: ClassicLevel<Uint8Array, Uint8Array>, hall: Hall): Part {
  let records: { type: 'put'; key: Uint8Array; value: Uint8Array }[] = [];
  return {
    name: 'store-bare',
    count: hall.voters,
    prepare: () => {
      // Opened for their ids alone: nobody votes with them.
      records = hall.open().map((signed) => ({ type: 'put', key: signed.id, value: encodeSignedBallot(signed) }));
    },
    run: () => level.batch(records, { sync: true }),
  };
}

/** The parts of the goal, each as this code does it. */
export function sumOf({ decodeAndHash, verifyShare, execute, store }: Floor): number {
  return decodeAndHash + verifyShare + execute + store;
}

/** The same, with the least that any store could do. */
export function strictSumOf({ decodeAndHash, verifyShare, execute, storeBare }: Floor): number {
  return decodeAndHash + verifyShare + execute + storeBare;
}
