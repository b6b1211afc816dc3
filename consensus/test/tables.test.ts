import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Segment, sealSegment } from '../../protocol/chain/segment.ts';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { checkpointDigest } from '../../protocol/receipt/checkpoint.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { gaugesOf } from '../sim/checkers/bounds.ts';
import type { Message, Status } from '../types.ts';
import { block, CHAIN, certificate, ROSTER, Solo, vote } from './harness/solo.ts';

/* A3: each table is fed by one peer as fast as it can, alone; the gauge must move and stay under its bound. */

const SELF = leaderOf(ROSTER, 4);
const PEER = leaderOf(ROSTER, 1);
const KEY = keyPairFromSeed(new Uint8Array(32).fill(PEER + 1));

function seal(height: number, mark: number, bytes: number): Message {
  const parent = height === 1 ? ZERO_HASH : ZERO_HASH.with(0, 1 + (mark % 200));
  const place = { chain: CHAIN, epoch: 0, incarnation: 0, shard: 1, author: PEER, height, parent, timeMs: mark };
  const segment: Segment = sealSegment(place, [{ kind: 9, bytes: new Uint8Array(bytes) }], KEY.sign);
  return { kind: 'segment', segment };
}

function status(changed: Partial<Status>): Status {
  const at = { kind: 'status', epoch: 0, view: 1, finalView: 0, finalHeight: 0 } as const;
  return { ...at, tips: [], checkpoint: undefined, ...changed };
}

function checkpointAt(height: number): Message {
  const zero = ZERO_HASH;
  const checkpoint = { chain: CHAIN, epoch: 0, height, blockHash: zero, timeMs: 1, history: zero, root: zero };
  return {
    kind: 'checkpoint',
    checkpoint: { checkpoint, signer: PEER, signature: KEY.sign(checkpointDigest(checkpoint)) },
  };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);

/** By the table that is aimed at: what one peer sends. */
const ATTACKS: readonly (readonly [table: string, messages: () => Message[]])[] = [
  ['chain held', () => range(300).map((at) => seal(1 + (at % 64), at, 4))],
  ['chain bytes', () => range(24).map((at) => seal(64 - at, at, 900_000))],
  ['accused', () => range(64).flatMap((at) => [seal(1 + at, 1, 4), seal(1 + at, 2, 4)])],
  ['checkpoints heights', () => range(200).map(checkpointAt)],
  [
    'peer claims',
    () =>
      range(40).map((at) =>
        status({
          finalHeight: 3 * at,
          tips: range(64).map((tip) => ({ shard: tip % 3, author: tip % 4, height: 90 + at })),
        }),
      ),
  ],
  [
    'view votes',
    () =>
      range(40).map((at) => ({
        kind: 'vote',
        vote: vote('notarize', 1 + (at % 2), block(1, [], { timeMs: 1 + at }).hash, PEER),
      })),
  ],
  ['views', () => range(400).map((at) => ({ kind: 'vote', vote: vote('nullify', at, undefined, PEER) }))],
  [
    'unresolved',
    () =>
      range(200).map((at) => ({
        kind: 'certificate',
        certificate: certificate('finalize', at + 1, block(at + 1, []).hash),
      })),
  ],
  [
    'relays',
    () => range(100).map((at) => ({ kind: 'certificate', certificate: certificate('nullify', at + 1, undefined) })),
  ],
  ['tree blocks', () => range(60).map((at) => ({ kind: 'block', block: block(1 + at, []) }))],
];

for (const [table, messages] of ATTACKS) {
  test(`A3 one peer that feeds "${table}" fills it to its bound and no further`, () => {
    const node = new Solo(SELF);
    let peak = 0;
    for (const message of messages()) {
      node.receive(PEER, message);
      for (const gauge of gaugesOf(node.replica)) {
        assert.ok(gauge.size <= gauge.max, `${gauge.table}: ${gauge.size} of ${gauge.max}`);
        if (gauge.table === table) peak = Math.max(peak, gauge.size);
      }
    }
    // Bodies that nobody asked for are not taken at all.
    assert.equal(peak > 0, table !== 'tree blocks', String(peak));
  });
}
