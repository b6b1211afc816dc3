import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Certificate, type ConsensusVote, type VoteKind, voteDigest } from '../../protocol/certificate.ts';
import { createRoster } from '../../protocol/roster.ts';
import { quorumOf } from '../sim/checkers/quorums.ts';
import { Verdict } from '../sim/checkers/verdict.ts';
import { WireTap } from '../sim/checkers/wire-tap.ts';
import { createPeople } from '../sim/electorate.ts';
import { tableSignatures } from '../sim/keys.ts';
import { drawPlan } from '../sim/plan.ts';
import { Random } from '../sim/random.ts';

const signatures = tableSignatures();
const people = createPeople(drawPlan(1, { n: 4, villains: [] }), signatures, new Random(1));
const [A, B] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

function tapped(): { tap: WireTap; verdict: Verdict } {
  const verdict = new Verdict();
  const roster = createRoster(people.chain, 0, people.genesis.validators);
  // Validator 3 is the villain.
  return { verdict, tap: new WireTap(verdict, people.chain, roster, signatures.verify, new Set([0, 1, 2])) };
}

function vote(signer: number, kind: VoteKind, view: number, blockHash: Uint8Array | undefined): ConsensusVote {
  const subject = { kind, epoch: 0, view, blockHash };
  const signature = people.signers[signer]?.sign(voteDigest(people.chain, subject)) ?? new Uint8Array(64);
  return { ...subject, signer, signature };
}

function say(tap: WireTap, ...votes: readonly ConsensusVote[]): void {
  for (const one of votes) tap.sent(one.signer, { kind: 'vote', vote: one });
}

test('two notarize votes of an honest node are found, those of a villain are his', () => {
  const { tap, verdict } = tapped();
  say(tap, vote(3, 'notarize', 1, A), vote(3, 'notarize', 1, B), vote(0, 'notarize', 1, A), vote(0, 'notarize', 2, B));
  say(tap, vote(0, 'notarize', 1, A), vote(0, 'nullify', 1, undefined));
  assert.equal(verdict.count, 0);
  say(tap, vote(0, 'notarize', 1, B));
  assert.match(verdict.violations.join(), /^S8 one notarize/);
});

test('nullify and finalize of one view are found in either order', () => {
  for (const kinds of [
    ['nullify', 'finalize'],
    ['finalize', 'nullify'],
  ] as const) {
    const { tap, verdict } = tapped();
    for (const kind of kinds) say(tap, vote(1, kind, 4, kind === 'nullify' ? undefined : A));
    assert.match(verdict.violations.join(), /^S8 never nullify and finalize/);
  }
});

test('a certificate needs q distinct signers, and what it shows counts against them', () => {
  const certify = (votes: readonly ConsensusVote[]): Certificate => ({
    kind: 'notarize',
    epoch: 0,
    view: 1,
    blockHash: A,
    signers: votes.map(({ signer }) => signer),
    signatures: votes.map(({ signature }) => signature),
  });
  const whole = [0, 1, 3].map((signer) => vote(signer, 'notarize', 1, A));
  const { tap, verdict } = tapped();
  tap.sent(undefined, { kind: 'certificate', certificate: certify(whole.slice(0, 2)) });
  tap.sent(0, { kind: 'certificate', certificate: certify(whole) });
  assert.equal(verdict.count, 0);
  say(tap, vote(1, 'notarize', 1, B));
  assert.match(verdict.violations.join(), /^S8 one notarize/);
  const [first, second] = whole;
  assert.ok(first !== undefined && second !== undefined);
  const twice = tapped();
  twice.tap.sent(0, { kind: 'certificate', certificate: certify([first, second, second]) });
  assert.match(twice.verdict.violations.join(), /^S7 certificates/);
});

test('a view that is nullified and finalized is found by recounting, and so are two certified blocks', () => {
  const { tap, verdict } = tapped();
  // Only where f + 1 are false can this be: the tap is told of one honest validator alone.
  say(tap, ...[0, 1, 2].map((signer) => vote(signer, 'finalize', 5, A)));
  say(tap, ...[0, 1, 3].map((signer) => vote(signer, 'nullify', 5, undefined)));
  tap.finish([], new Map());
  const found = verdict.violations.join('\n');
  assert.match(found, /^S3 never nullified and finalized/m);
  assert.match(found, /^S5 finalized means notarized/m);
});

test('the table of quorums is such that two of them share more than f', () => {
  for (let n = 1; n <= 21; n++) {
    const f = Math.ceil(n / 3) - 1;
    assert.ok(2 * quorumOf(n) - n > f && quorumOf(n) <= n - f, `n ${n}`);
  }
  assert.throws(() => quorumOf(22), RangeError);
});
