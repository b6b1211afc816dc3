import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Replica } from '../../consensus/replica-state.ts';
import { ITEM_KINDS, type Item } from '../../protocol/chain/segment.ts';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { encodeSignedBallot, signBallot } from '../../protocol/governance/ballot.ts';
import { encodeSignedOperation, signOperation } from '../../protocol/governance/operation.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { parseId } from '../../protocol/ids.ts';
import { createPending, type Pending } from '../driver/pending-items.ts';
import type { SubmitService } from '../driver/submissions.ts';
import { SUBMIT_RATES, SUBMIT_SHARES } from '../driver/submit-budget.ts';
import { createSubmitDesk } from '../driver/submit-desk.ts';
import { decodeSubmitAnswer, encodeSubmit, SUBMIT_ITEMS_MAX, type SubmitStatus } from '../driver/submit-wire.ts';
import { UNITS_PER_TURN } from '../driver/work-lanes.ts';
import { Counters } from '../network/counters.ts';
import { collect } from './collect.ts';

const CHAIN = new Uint8Array(32).fill(9);
const ADMIN = keyPairFromSeed(new Uint8Array(32).fill(1));
const STRANGER = keyPairFromSeed(new Uint8Array(32).fill(2));
const CANDIDATE = keyPairFromSeed(new Uint8Array(32).fill(4));
const VOTER_KEY = new Uint8Array(32).fill(3);
const GOOD = new Uint8Array(64).fill(1);
const BAD = new Uint8Array(64).fill(2);
const NAMES = { space: parseId('s'), session: parseId('t') };
const ENTRIES = [{ proposal: parseId('p'), choice: { method: 'score', weight: 5 } }] as const;

/** A ballot of its own, by `time`; its signature is good or bad by what the bench calls so. */
function ballot(timeMs: number, signature = GOOD, voter = 'known'): Item {
  const body = { chain: CHAIN, ...NAMES, voter: parseId(voter), previous: undefined, notAfterMs: 9, timeMs };
  const signed = signBallot({ ...body, entries: [...ENTRIES] }, () => signature);
  return { kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(signed) };
}

function operation(actor: { publicKey: Uint8Array }, signature = GOOD, seq = 1): Item {
  const signer = { publicKey: actor.publicKey, sign: () => signature };
  const base = { chain: CHAIN, actor: actor.publicKey, seq, notAfterMs: 9, timeMs: 1 };
  const signed = signOperation({ ...base, kind: 'space.create', body: { id: 's' } }, [signer]);
  return { kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed) };
}

/** A desk whose clock, turns of the event loop and signature checks are counted. */
class Bench {
  nowMs = 0;
  turns = 0;
  readonly verified: string[] = [];
  readonly perTurn: number[] = [];
  readonly taken: Pending[] = [];
  readonly counters = new Counters();
  isAccepting = true;
  readonly #serve = createSubmitDesk({
    replica: this.#replica(),
    submissions: this.#submissions(),
    counters: this.counters,
    nowMs: () => this.nowMs,
    turn: async () => {
      this.turns += 1;
      this.perTurn.push(0);
      for (let left = 10; left > 0; left--) await Promise.resolve();
    },
  });

  async submit(from: string, items: readonly Item[]): Promise<SubmitStatus[]> {
    const [answer] = await collect(this.#serve(from, encodeSubmit(items)));
    assert.ok(answer);
    return decodeSubmitAnswer(answer, items.length);
  }

  #replica(): Replica {
    const verify = (_key: Uint8Array, _id: Uint8Array, signature: Uint8Array): boolean => {
      this.verified.push(signature[0] === 1 ? 'good' : 'bad');
      this.perTurn[this.perTurn.length - 1] = (this.perTurn.at(-1) ?? 0) + 1;
      return signature[0] === 1;
    };
    const state = {
      models: new Map([['known', { key: VOTER_KEY }]]),
      spaces: new Map(),
      seqs: new Map(),
      epochs: new Map([
        ['current', { epoch: 0, params: { shards: 2 }, admins: { keys: [ADMIN.publicKey], threshold: 1 } }],
      ]),
      changes: new Map([['0', { epoch: 0, waitsFor: [CANDIDATE.publicKey] }]]),
    };
    const config = { chain: CHAIN, shards: 2, verify, roster: { validators: [] } };
    return { config, state } as unknown as Replica;
  }

  #submissions(): SubmitService {
    return {
      size: 0,
      submit: (shard, item, id) => {
        const pending = createPending(id, shard, item);
        if (this.isAccepting) pending.accept();
        this.taken.push(pending);
        return pending.submission;
      },
      take: () => undefined,
      stop: () => undefined,
    };
  }
}

const batch = (count: number, from: number, signature = GOOD): Item[] =>
  Array.from({ length: count }, (_, at) => ballot(from + at, signature));

test('what verifies is sealed; what does not, or is of a key nobody knows, is refused', async () => {
  const bench = new Bench();
  const items = [ballot(1), ballot(2, BAD), operation(ADMIN), operation(ADMIN, BAD, 2)];
  assert.deepEqual(await bench.submit('o', items), ['accepted', 'refused', 'accepted', 'refused']);
  assert.equal(bench.verified.length, 4);
  const unknown = [ballot(3, GOOD, 'nobody'), operation(STRANGER), { kind: ITEM_KINDS.ballot, bytes: ZERO_HASH }];
  assert.deepEqual(await bench.submit('o', unknown), ['refused', 'refused', 'refused']);
  assert.equal(bench.verified.length, 4, 'an unknown key is refused before anything is verified');
});

test('a key that a change of the network waits for hands in that it is there', async () => {
  const bench = new Bench();
  assert.deepEqual(await bench.submit('o', [operation(CANDIDATE), operation(CANDIDATE, BAD, 2)]), [
    'accepted',
    'refused',
  ]);
  assert.equal(bench.taken[0]?.submission.shard, 0);
});

test('10,000 bad signatures a second of one observer cost less than a fifth of what another one may do', async () => {
  const bench = new Bench();
  const bad: Promise<SubmitStatus[]>[] = [];
  for (let sent = 0; sent < 10_000; sent += 250) bad.push(bench.submit('bad', batch(250, sent, BAD)));
  const honest = Array.from({ length: 4 }, (_, at) => bench.submit('good', batch(250, 20_000 + at * 250)));
  const answers = (await Promise.all(honest)).flat();
  assert.ok(
    answers.every((status) => status === 'accepted'),
    'every honest ballot is taken',
  );
  await Promise.all(bad);
  const spent = bench.verified.filter((kind) => kind === 'bad').length;
  const { signaturesBurst, badSignatureCost } = SUBMIT_RATES;
  assert.ok(spent <= signaturesBurst / badSignatureCost + 1, String(spent));
  assert.ok(spent < bench.verified.length * 0.2, `${spent} of ${bench.verified.length}`);
  for (let second = 1; second <= 5; second++) {
    bench.nowMs = second * 1_000;
    const before = bench.verified.length;
    await bench.submit('bad', batch(250, 50_000 + second * 250, BAD));
    const again = bench.verified.length - before;
    assert.ok(again <= SUBMIT_RATES.signaturesPerS / badSignatureCost + 1, String(again));
  }
});

test('between some signatures everything else has its turn, and no sender waits for all of another one', async () => {
  const bench = new Bench();
  const first = bench.submit('a', batch(256, 0));
  let isLast = false;
  void first.then(() => {
    isLast = true;
  });
  await bench.submit('b', batch(8, 1_000));
  assert.equal(isLast, false, 'eight of b are done before 256 of a');
  await first;
  assert.ok(Math.max(...bench.perTurn) <= UNITS_PER_TURN, String(Math.max(...bench.perTurn)));
  assert.ok(bench.turns >= 264 / UNITS_PER_TURN);
});

test('signatures and bytes over the rate are busy, and pass when time has passed', async () => {
  const bench = new Bench();
  let accepted = 0;
  for (let sent = 0; sent < SUBMIT_RATES.signaturesBurst + 1_000; sent += 250) {
    accepted += (await bench.submit('o', batch(250, sent))).filter((status) => status === 'accepted').length;
    for (const pending of bench.taken.splice(0)) pending.finish({ outcome: 'counted', height: 1 });
  }
  assert.equal(accepted, SUBMIT_RATES.signaturesBurst);
  assert.equal(bench.counters.get('submit.over.signatures'), 1_000);
  bench.nowMs = 1_000;
  assert.deepEqual(await bench.submit('o', [ballot(99_999)]), ['accepted']);
  assert.deepEqual(await bench.submit('other', [ballot(99_998)]), ['accepted']);
  const heavy = { kind: ITEM_KINDS.ballot, bytes: new Uint8Array(500_000) };
  const answers: SubmitStatus[] = [];
  for (let left = 20; left > 0; left--) answers.push(...(await bench.submit('heavy', [heavy])));
  assert.deepEqual([answers[0], answers[19]], ['refused', 'busy']);
});

test('an observer holds a share of what is not final, and gets it back when it is', async () => {
  const bench = new Bench();
  bench.nowMs = 1_000_000;
  for (let sent = 0; sent < SUBMIT_SHARES.items; sent += SUBMIT_ITEMS_MAX) {
    bench.nowMs += 1_000;
    await bench.submit('o', batch(SUBMIT_ITEMS_MAX, sent));
  }
  bench.nowMs += 10_000;
  assert.deepEqual(await bench.submit('o', [ballot(100_000)]), ['busy']);
  assert.deepEqual(await bench.submit('other', [ballot(100_000)]), ['accepted']);
  bench.taken[0]?.finish({ outcome: 'counted', height: 1 });
  bench.taken[1]?.refuse(new WaggleError('WAGGLE_SUBMIT_BUSY'));
  await Promise.resolve();
  assert.deepEqual(await bench.submit('o', batch(3, 100_001)), ['accepted', 'accepted', 'busy']);
});

test('a malformed request is refused with a code and costs no signature', async () => {
  const bench = new Bench();
  const serve = createSubmitDesk({
    replica: { config: {}, state: {} } as unknown as Replica,
    submissions: { size: 0 } as unknown as SubmitService,
    counters: bench.counters,
    nowMs: () => 0,
    turn: async () => undefined,
  });
  for (const bytes of [Uint8Array.of(), Uint8Array.of(1, 0, 0), Uint8Array.of(1, 9, 9), Uint8Array.of(1, 0, 1, 1)]) {
    await assert.rejects(collect(serve('o', bytes)), (error) => codeOf(error) !== undefined);
  }
});
