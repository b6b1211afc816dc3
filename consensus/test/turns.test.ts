import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VoteKind } from '../../protocol/certificate.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { stepAll } from '../replica.ts';
import type { Input, Message } from '../types.ts';
import { block, certificate, cutOf, proposal, ROSTER, Solo, segment, vote } from './harness/solo.ts';

const WALL_MS = 1_800_000_000_000;
/** R-01, and a little. */
const RELAY_MS = 30;

const from = (peer: number, message: Message): Input => ({ kind: 'message', from: peer, message });

/** Validator 0 with a notarization of view 1 that is due to be relayed. */
function withRelayDue(): { solo: Solo; finalize: (signer: number) => Input } {
  const solo = new Solo(0);
  const one = segment(2);
  const hashed = block(1, cutOf(one));
  solo.receive(2, { kind: 'segment', segment: one });
  solo.receive(hashed.block.proposer, proposal(hashed));
  solo.receive(1, { kind: 'certificate', certificate: certificate('notarize', 1, hashed.hash, [1, 2, 3]) });
  solo.nowMs += RELAY_MS;
  return { solo, finalize: (signer) => from(signer, { kind: 'vote', vote: vote('finalize', 1, hashed.hash, signer) }) };
}

function relayedTo(solo: Solo, inputs: readonly Input[]): unknown[] {
  const { send } = stepAll(solo.replica, inputs, { monoMs: solo.nowMs, wallMs: WALL_MS + solo.nowMs });
  return send.flatMap((one) =>
    one.to !== 'shard' && one.message.kind === 'certificate' && one.message.certificate.kind === 'notarize'
      ? [one.to]
      : [],
  );
}

test('a certificate is not relayed to who tells in the same turn that it holds it', () => {
  const alone = withRelayDue();
  assert.deepEqual(relayedTo(alone.solo, [{ kind: 'tick' }]), [1, 2, 3]);
  const { solo, finalize } = withRelayDue();
  assert.deepEqual(
    relayedTo(solo, [{ kind: 'tick' }, finalize(1), from(3, { kind: 'segment', segment: segment(3) })]),
    [2, 3],
  );
});

test('a turn ends where its inputs one by one end, for votes and what they rest on', () => {
  const self = (leaderOf(ROSTER, 1) + 1) % 4;
  const others = [0, 1, 2, 3].filter((index) => index !== self);
  const one = segment(self === 2 ? 3 : 2);
  const hashed = block(1, cutOf(one));
  const votes = (kind: VoteKind): Input[] =>
    others.map((signer) => from(signer, { kind: 'vote', vote: vote(kind, 1, hashed.hash, signer) }));
  const inputs = [
    from(one.header.author, { kind: 'segment', segment: one }),
    from(hashed.block.proposer, proposal(hashed)),
    ...votes('notarize'),
    ...votes('finalize'),
  ];
  const [together, apart] = [new Solo(self), new Solo(self)];
  const now = { monoMs: together.nowMs, wallMs: WALL_MS + together.nowMs };
  stepAll(together.replica, inputs, now);
  for (const input of inputs) stepAll(apart.replica, [input], now);
  const stateOf = ({ replica }: Solo) => ({
    view: replica.view,
    executed: replica.executed.height,
    own: replica.views.ascending().map(({ view, own }) => [view, [...own.keys()]]),
  });
  assert.deepEqual(stateOf(together), stateOf(apart));
  assert.equal(together.replica.executed.height, 1);
});
