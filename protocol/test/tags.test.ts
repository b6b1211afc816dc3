import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VOTE_KINDS, voteDigest } from '../certificate.ts';
import { encodeBallotBody } from '../governance/ballot.ts';
import { tagged } from '../hash.ts';
import { toHex } from '../hex.ts';
import { parseId } from '../ids.ts';
import { checkpointDigest } from '../receipt/checkpoint.ts';
import { TAGS } from '../tags.ts';

const CHAIN = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(2);
const HASH = new Uint8Array(32).fill(3);

test('no two kinds share a tag, and no tag holds the zero byte that ends it', () => {
  const tags = Object.values(TAGS).map(({ tag }) => tag);
  assert.equal(new Set(tags).size, tags.length);
  for (const tag of tags) assert.match(tag, /^[\x21-\x7e]+$/);
});

test('the same bytes under two tags are two things', () => {
  const digests = Object.values(TAGS).map(({ tag }) => toHex(tagged(tag, HASH)));
  assert.equal(new Set(digests).size, digests.length);
});

test('what is signed is of one network, epoch and kind: nothing signed once holds anywhere else', () => {
  const votes = [CHAIN, OTHER].flatMap((chain) =>
    [0, 1].flatMap((epoch) => VOTE_KINDS.map((kind) => voteDigest(chain, { kind, epoch, view: 7, blockHash: HASH }))),
  );
  const checkpoint = { epoch: 0, height: 7, blockHash: HASH, timeMs: 1, history: HASH, root: HASH };
  const checkpoints = [
    { ...checkpoint, chain: CHAIN },
    { ...checkpoint, chain: OTHER },
    { ...checkpoint, chain: CHAIN, epoch: 1 },
  ].map(checkpointDigest);
  const names = { space: parseId('s'), session: parseId('t'), voter: parseId('v') };
  const entries = [{ proposal: parseId('p'), choice: { method: 'score', weight: 5 } as const }];
  const ballots = [CHAIN, OTHER].map((chain) =>
    tagged(
      TAGS.ballot.tag,
      encodeBallotBody({ chain, ...names, previous: undefined, notAfterMs: 1, timeMs: 1, entries }),
    ),
  );
  const all = [...votes, ...checkpoints, ...ballots].map(toHex);
  assert.equal(new Set(all).size, all.length);
});
