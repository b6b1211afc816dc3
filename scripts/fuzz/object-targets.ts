import assert from 'node:assert/strict';
import { FRAME_BYTES_MAX } from '../../consensus/wire.ts';
import { createPending } from '../../node/driver/pending-items.ts';
import { createSubmitDesk } from '../../node/driver/submit-desk.ts';
import {
  decodeSubmit,
  decodeSubmitAnswer,
  encodeSubmit,
  encodeSubmitAnswer,
  SUBMIT_BYTES_MAX,
} from '../../node/driver/submit-wire.ts';
import { Counters } from '../../node/network/counters.ts';
import { ITEM_KINDS, type Item } from '../../protocol/chain/segment.ts';
import { decodeCanonical, encodeCanonical } from '../../protocol/codec/cbor.ts';
import { decodeSignedBallot, encodeSignedBallot } from '../../protocol/governance/ballot.ts';
import { applyItem } from '../../protocol/governance/machine.ts';
import { decodeSignedOperation, encodeSignedOperation } from '../../protocol/governance/operation.ts';
import { TABLES } from '../../protocol/governance/rows.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { shardOf } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { OUTCOMES } from '../../protocol/outcome.ts';
import { checkDecoded, refusalOf } from './check-decoded.ts';
import { mutate, noise } from './mutate.ts';
import type { Snapshot } from './snapshot.ts';
import { TAKEN } from './tally.ts';
import type { Target } from './target.ts';

/* The objects inside the frames: canonical CBOR, ballots and operations, and what observers hand in. */

const CBOR_LIMITS = { bytesMax: LIMITS.operationBytesMax, depthMax: 8, itemsMax: 200_000 };

/** What is read encodes to the very bytes it was read from. */
export function canonicalTarget({ items }: Snapshot): Target {
  const recorded = items.filter(({ kind }) => kind === ITEM_KINDS.operation).flatMap(({ bytes }) => bodyOf(bytes));
  const texts = [
    { a: 1, b: [null, true, -5], c: { d: 'é', e: new Uint8Array(9) } },
    [],
    'x',
    2 ** 53 - 1,
    -(2 ** 53 - 1),
  ];
  const all = [...recorded, ...texts.map(encodeCanonical)];
  return {
    name: 'canonical CBOR',
    largestMax: LIMITS.operationBytesMax,
    make: (random) => (random.chance(0.1) ? noise(random, 60) : mutate(random, random.pick(all), random.pick(all))),
    take(bytes) {
      try {
        const value = decodeCanonical(bytes, CBOR_LIMITS);
        checkDecoded(value, bytes);
        assert.ok(hashesEqual(encodeCanonical(value), bytes), 'read, but not canonical');
        return TAKEN;
      } catch (error) {
        return refusalOf(error);
      }
    },
  };
}

function bodyOf(bytes: Uint8Array): Uint8Array[] {
  try {
    return [decodeSignedOperation(bytes).bodyBytes];
  } catch (error) {
    refusalOf(error);
    return [];
  }
}

/** Executing any bytes gives one outcome, and changes nothing unless they counted or were applied. First byte: the kind. */
export function itemTarget({ items, replica }: Snapshot): Target {
  const recorded = items.map(({ kind, bytes }) => Uint8Array.of(kind, ...bytes));
  const { state, config, executed } = replica;
  const context = {
    height: executed.height + 1,
    timeMs: executed.timeMs + 1,
    roster: config.roster,
    verify: config.verify,
  };
  return {
    name: 'items',
    largestMax: FRAME_BYTES_MAX,
    make: (random) => mutate(random, random.pick(recorded), random.pick(recorded)),
    take(bytes) {
      const item = { kind: bytes[0] ?? 0, bytes: bytes.slice(1) };
      for (const { name } of TABLES) state[name].takeTouched();
      const place = { shard: shardIn(item, config.shards), author: bytes.length % config.roster.validators.length };
      const applied = applyItem(state, context, { ...item, ...place });
      const { outcome } = applied;
      assert.ok(Object.hasOwn(OUTCOMES, outcome));
      const touched = TABLES.flatMap(({ name }) => state[name].takeTouched());
      if (outcome === 'counted' || outcome === 'applied') return TAKEN;
      assert.deepEqual(touched, [], `${outcome}, and rows changed`);
      checkRoundTrip(item);
      return outcome;
    },
  };
}

/** Where it belongs, so that more than the first check is reached. */
function shardIn({ kind, bytes }: Item, shards: number): number {
  if (kind !== ITEM_KINDS.ballot) return 0;
  try {
    const { space, voter } = decodeSignedBallot(bytes).ballot;
    return shardOf(space, voter, shards);
  } catch (error) {
    refusalOf(error);
    return 1;
  }
}

/** What decodes is canonical: an id never has two spellings. */
function checkRoundTrip({ kind, bytes }: Item): void {
  try {
    if (kind === ITEM_KINDS.ballot) assert.deepEqual(encodeSignedBallot(decodeSignedBallot(bytes)), bytes);
    if (kind === ITEM_KINDS.operation) assert.deepEqual(encodeSignedOperation(decodeSignedOperation(bytes)), bytes);
  } catch (error) {
    refusalOf(error);
  }
}

/** Requests of an observer: what is taken was recorded, since nobody else can sign it. */
export function submitTarget({ items, replica }: Snapshot): Target {
  const known = new Set(items.map(({ kind, bytes }) => `${kind}/${toHex(bytes)}`));
  let nowMs = 0;
  const serve = createSubmitDesk({
    replica,
    counters: new Counters(),
    // Its budget is full before each request: here every signature shall be looked at.
    nowMs: () => (nowMs += 10_000),
    turn: () => Promise.resolve(),
    submissions: {
      size: 0,
      take: () => undefined,
      stop: () => undefined,
      submit: (shard, item, id) => {
        assert.ok(known.has(`${item.kind}/${toHex(item.bytes)}`), 'something was taken that nobody signed');
        const pending = createPending(id, shard, item);
        pending.finish({ outcome: 'counted', height: 1 });
        return pending.submission;
      },
    },
  });
  return {
    name: 'submit requests',
    largestMax: FRAME_BYTES_MAX,
    make(random) {
      const picked = Array.from({ length: random.between(1, 8) }, () => {
        const { kind, bytes } = random.pick(items);
        const changed = random.chance(0.5) ? bytes : mutate(random, bytes, random.pick(items).bytes);
        return { kind, bytes: changed };
      });
      const request = encodeSubmit(picked);
      return random.chance(0.5) ? request : mutate(random, request, random.pick(items).bytes);
    },
    async take(bytes) {
      try {
        const asked = decodeSubmit(bytes);
        checkDecoded(asked.length, bytes);
        for await (const answered of serve('observer', bytes)) decodeSubmitAnswer(answered, asked.length);
        assert.ok(bytes.length <= SUBMIT_BYTES_MAX);
        return TAKEN;
      } catch (error) {
        return refusalOf(error);
      }
    },
  };
}

/** Answers of a lying validator to an observer. First byte: how many were asked for. */
export function submitAnswerTarget(): Target {
  const recorded = [1, 3, 200].map((count) =>
    Uint8Array.of(count, ...encodeSubmitAnswer(Array.from({ length: count }, () => 'accepted'))),
  );
  return {
    name: 'submit answers',
    largestMax: 65_536,
    make: (random) => mutate(random, random.pick(recorded), random.pick(recorded)),
    take(bytes) {
      const [count = 0] = bytes;
      try {
        assert.equal(decodeSubmitAnswer(bytes.subarray(1), count).length, count);
        return TAKEN;
      } catch (error) {
        return refusalOf(error);
      }
    },
  };
}
