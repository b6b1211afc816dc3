import assert from 'node:assert/strict';
import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Message } from '../../consensus/types.ts';
import { encodeMessage } from '../../consensus/wire.ts';
import { WireTap } from '../../node/driver/wire-tap.ts';
import { inTemporaryDirectory } from '../../node/test/temporary-directory.ts';
import { type VoteKind, voteDigest } from '../../protocol/certificate.ts';
import { hashBlock } from '../../protocol/chain/block.ts';
import { ITEM_KINDS, type Segment, sealSegment } from '../../protocol/chain/segment.ts';
import { type KeyPair, keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { chainId, parseGenesis } from '../../protocol/genesis.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { checkpointDigest } from '../../protocol/receipt/checkpoint.ts';
import { judgeTaps } from '../stage/judge.ts';
import { TapJudge } from '../wire-tap/judge.ts';

const KEYS = [1, 2, 3, 4].map((byte) => keyPairFromSeed(new Uint8Array(32).fill(byte)));
const GENESIS = parseGenesis({
  v: 1,
  network: 'test-net',
  createdAt: '2026-01-01T00:00:00.000Z',
  validators: KEYS.map(({ publicKey }, at) => ({ name: `v${at}`, key: toHex(publicKey), peer: `p${at}`, addrs: [] })),
  models: [],
  spaces: [],
  admins: { keys: KEYS.map(({ publicKey }) => toHex(publicKey)), threshold: 1 },
  params: { shards: 2, viewTimerMs: 100, blockIntervalMs: 20 },
});
const CHAIN = chainId(GENESIS);
const hash = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const keyOf = (signer: number): KeyPair => KEYS[signer] ?? keyPairFromSeed(hash(9));

function signedVote(signer: number, kind: VoteKind, view: number, block?: number, by = signer) {
  const subject = { kind, epoch: 0, view, blockHash: block === undefined ? undefined : hash(block) };
  return { ...subject, signer, signature: keyOf(by).sign(voteDigest(CHAIN, subject)) };
}

const vote = (...args: Parameters<typeof signedVote>): Message => ({ kind: 'vote', vote: signedVote(...args) });

function certificate(kind: VoteKind, view: number, block: number | undefined, signers: readonly number[]): Message {
  const votes = signers.map((signer) => signedVote(signer, kind, view, block));
  const { epoch, blockHash } = signedVote(0, kind, view, block);
  const signatures = votes.map(({ signature }) => signature);
  return { kind: 'certificate', certificate: { kind, epoch, view, blockHash, signers, signatures } };
}

function proposal(view: number, timeMs: number, proposer: number): Message {
  const place = { chain: CHAIN, epoch: 0, view, height: view, parentView: 0, parentHash: CHAIN, proposer };
  const block = hashBlock({ ...place, flags: 0, timeMs, cut: [], evidence: [] });
  const digest = voteDigest(CHAIN, { kind: 'notarize', epoch: 0, view, blockHash: block.hash });
  return { kind: 'propose', block, signature: keyOf(proposer).sign(digest) };
}

function segment(author: number, height: number, body: number, chain = CHAIN): Segment {
  const place = { chain, epoch: 0, incarnation: 0, shard: 1, author, height, parent: ZERO_HASH, timeMs: 5 };
  const items = [{ kind: ITEM_KINDS.ballot, bytes: new Uint8Array(10).fill(body) }];
  return sealSegment(place, items, keyOf(author).sign);
}

function checkpoint(signer: number, height: number, root: number): Message {
  const roots = { blockHash: hash(1), timeMs: 5, history: hash(2), root: hash(root) };
  const subject = { chain: CHAIN, epoch: 0, height, ...roots };
  const signature = keyOf(signer).sign(checkpointDigest(subject));
  return { kind: 'checkpoint', checkpoint: { checkpoint: subject, signer, signature } };
}

/** Two lives of one node, tapped, and what the judge says of both. */
async function judged(
  first: readonly (Message | Segment)[],
  second: readonly (Message | Segment)[],
  between: (directory: string) => Promise<void> = async () => undefined,
): Promise<TapJudge> {
  const judge = new TapJudge(GENESIS);
  await inTemporaryDirectory(async (directory) => {
    for (const [at, life] of [first, second].entries()) {
      const tap = new WireTap(directory, `node${at}`);
      for (const one of life) {
        if ('kind' in one) tap.frame(encodeMessage(one));
        else tap.segment(one.bytes);
      }
      tap.close();
      if (at === 0) await between(directory);
    }
    await judge.readFolder(directory);
  });
  return judge;
}

describe('the judge of the wire taps', () => {
  it('holds nothing against those who said each thing once, however often it came', async () => {
    const all = [
      proposal(7, 5, 3),
      vote(1, 'notarize', 7, 5),
      vote(1, 'finalize', 7, 5),
      vote(2, 'notarize', 7, 5),
      vote(2, 'nullify', 7),
      vote(1, 'nullify', 8),
      certificate('notarize', 9, 4, [0, 1, 2]),
      certificate('finalize', 9, 4, [0, 1, 2]),
      segment(1, 1, 1),
      segment(1, 2, 2),
      segment(2, 1, 3),
      checkpoint(1, 4, 1),
      checkpoint(1, 5, 2),
    ];
    const judge = await judged(all, all);
    assert.deepEqual(judge.conflicts, []);
    assert.equal(judge.frames, 2 * all.length);
    assert.equal(judge.statements, 6 + 6 + 3 + 2);
  });

  const planted: [string, Message | Segment, Message | Segment, number, RegExp][] = [
    ['two notarize', vote(1, 'notarize', 7, 5), vote(1, 'notarize', 7, 6), 1, /^notarize of view 7/],
    ['two finalize', vote(1, 'finalize', 7, 5), vote(1, 'finalize', 7, 6), 1, /^nullify or finalize of view 7/],
    ['nullify and finalize', vote(2, 'nullify', 7), vote(2, 'finalize', 7, 5), 2, /^nullify or finalize of view 7/],
    ['two proposals', proposal(7, 5, 3), proposal(7, 6, 3), 3, /^notarize of view 7/],
    [
      'a vote inside a certificate',
      certificate('finalize', 9, 4, [0, 2, 3]),
      vote(2, 'nullify', 9),
      2,
      /^nullify or finalize of view 9/,
    ],
    ['two segments', segment(1, 3, 1), segment(1, 3, 2), 1, /^segment 3 of shard 1/],
    [
      'two segments, one in an answer',
      segment(1, 3, 1),
      { kind: 'segment', segment: segment(1, 3, 2) },
      1,
      /^segment 3/,
    ],
    ['two checkpoints', checkpoint(0, 4, 1), checkpoint(0, 4, 2), 0, /^checkpoint of height 4/],
  ];
  for (const [name, first, second, signer, what] of planted) {
    it(`finds what was planted over two lives: ${name}`, async () => {
      const { conflicts } = await judged([first], [second, second]);
      assert.equal(conflicts.length, 1);
      assert.equal(conflicts[0]?.signer, `v${signer}`);
      assert.match(conflicts[0]?.what ?? '', what);
      assert.notEqual(conflicts[0]?.first, conflicts[0]?.second);
      assert.deepEqual(
        conflicts[0]?.files.map((file) => file.slice(0, 5)),
        ['node0', 'node1'],
      );
    });
  }

  it('believes no word that the key did not sign', async () => {
    const forged = [vote(1, 'notarize', 7, 6, 2), vote(1, 'nullify', 7, undefined, 3)];
    const foreign = segment(1, 3, 2, hash(8));
    const { conflicts } = await judged([...forged, vote(1, 'notarize', 7, 5), segment(1, 3, 1)], [...forged, foreign]);
    assert.deepEqual(conflicts, []);
  });

  it('reads up to the torn end of a life, and the lives after it', async () => {
    const tear = async (directory: string): Promise<void> => {
      await truncate(join(directory, (await readdir(directory))[0] ?? ''), 300);
    };
    const lives = [vote(1, 'notarize', 7, 5), vote(1, 'notarize', 8, 5), vote(1, 'notarize', 9, 5)];
    const { conflicts } = await judged(lives, [vote(1, 'notarize', 7, 6), vote(1, 'notarize', 9, 6)], tear);
    assert.deepEqual(
      conflicts.map(({ what }) => what),
      ['notarize of view 7, epoch 0'],
    );
  });

  it('is a finding of every scenario: broken by an honest key, by silence, and not by a villain that is named', async () => {
    const judge = await judged([vote(1, 'nullify', 7)], [vote(1, 'finalize', 7, 5)]);
    assert.equal(judgeTaps(judge, []).holds, false);
    assert.match(judgeTaps(judge, []).figure, /^1 signed twice of 2: v1 nullify or finalize of view 7/);
    assert.equal(judgeTaps(judge, ['v1']).holds, true);
    assert.equal(judgeTaps(judge, ['v2']).holds, false);
    assert.equal(judgeTaps(new TapJudge(GENESIS), []).holds, false);
  });
});
