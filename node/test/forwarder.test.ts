import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ITEM_KINDS } from '../../protocol/chain/segment.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { tagged } from '../../protocol/hash.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import { TAGS } from '../../protocol/tags.ts';
import { Forwarder } from '../driver/forwarder.ts';
import { decodeSubmit, encodeSubmitAnswer, type SubmitStatus } from '../driver/submit-wire.ts';
import { Counters } from '../network/counters.ts';
import { executedBlock } from './harness/executed-block.ts';

interface Asked {
  readonly validator: number;
  readonly items: readonly number[];
  answer(status: SubmitStatus): Promise<void>;
  fail(): Promise<void>;
}

/** A forwarder whose validators answer when the test says so, and whose clock is the test's. */
class Bench {
  readonly asked: Asked[] = [];
  reachable = [0, 1, 2];
  nowMs = 0;
  readonly forwarder = new Forwarder({
    shardOf: () => 1,
    reachable: () => this.reachable,
    request: (validator, request) => this.#ask(validator, request),
    counters: new Counters(),
    nowMs: () => this.nowMs,
  });

  submit(at: number) {
    return this.forwarder.submit(1, { kind: ITEM_KINDS.ballot, bytes: Uint8Array.of(at) }, idOf(at));
  }

  /** What is asked now and was not answered. */
  async open(): Promise<Asked[]> {
    await turn();
    return this.asked;
  }

  /** `bytes` are what stands in the segment: those handed over, or a copy with another signature. */
  execute(at: number, author: number, outcome: Outcome, { shard = 1, bytes = Uint8Array.of(at) } = {}): void {
    const executed = executedBlock({ author, shard }, [{ id: idOf(at), outcome, bytes }]);
    this.forwarder.take({ kind: 'executed', executed });
  }

  #ask(validator: number, request: Uint8Array): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const items = decodeSubmit(request).map(({ bytes }) => bytes[0] ?? -1);
    const end = async (settle: () => void): Promise<void> => {
      this.asked.splice(this.asked.indexOf(asked), 1);
      settle();
      await turn();
    };
    const asked: Asked = {
      validator,
      items,
      answer: (status) => end(() => resolve(encodeSubmitAnswer(items.map(() => status)))),
      fail: () => end(() => reject(new WaggleError('WAGGLE_NETWORK_SYNC_FAILED'))),
    };
    this.asked.push(asked);
    return promise;
  }
}

const idOf = (at: number): Uint8Array => tagged(TAGS.item.tag, Uint8Array.of(at));

/** Everything that is ready to run has run. */
async function turn(): Promise<void> {
  for (let left = 20; left > 0; left--) await Promise.resolve();
}

test('what comes in one turn leaves in one request, and is final once it is executed', async () => {
  const bench = new Bench();
  const submissions = [1, 2, 3].map((at) => bench.submit(at));
  assert.equal(bench.submit(2), submissions[1]);
  const [asked] = await bench.open();
  assert.deepEqual([asked?.validator, asked?.items], [0, [1, 2, 3]]);
  await asked?.answer('accepted');
  await Promise.all(submissions.map(({ accepted }) => accepted));
  for (const at of [1, 2, 3]) bench.execute(at, 0, 'counted');
  assert.deepEqual(await submissions[2]?.final, { outcome: 'counted', height: 9 });
  assert.equal(bench.forwarder.size, 0);
});

test('a validator that dies with what it accepted: the next one gets the same bytes at once', async () => {
  const bench = new Bench();
  const { accepted } = bench.submit(1);
  await (await bench.open())[0]?.answer('accepted');
  await accepted;
  bench.reachable = [1, 2];
  bench.forwarder.disconnected(0);
  const [asked] = await bench.open();
  assert.deepEqual([asked?.validator, asked?.items], [1, [1]]);
});

test('accepted and not final for three seconds: somebody who lacks it gets it too', async () => {
  const bench = new Bench();
  bench.submit(1);
  await (await bench.open())[0]?.answer('accepted');
  bench.nowMs = 2_999;
  bench.forwarder.tick();
  assert.equal((await bench.open()).length, 0);
  bench.nowMs = 3_000;
  bench.forwarder.tick();
  assert.equal((await bench.open())[0]?.validator, 1);
});

test('a refusal counts only in a segment of who was asked, success wherever it is', async () => {
  const bench = new Bench();
  const [one, two] = [bench.submit(1), bench.submit(2)];
  await (await bench.open())[0]?.answer('accepted');
  bench.execute(1, 2, 'closed');
  bench.execute(2, 2, 'counted');
  assert.equal(bench.forwarder.size, 1);
  bench.execute(1, 0, 'closed');
  assert.equal((await one.final).outcome, 'closed');
  assert.equal((await two.final).outcome, 'counted');
});

test('a copy of an item with other bytes decides nothing but that it counted, whoever carries it', async () => {
  const bench = new Bench();
  const [one, two] = [bench.submit(1), bench.submit(2)];
  await (await bench.open())[0]?.answer('accepted');
  const copy = Uint8Array.of(1, 99);
  for (const outcome of ['bad-signature', 'forbidden', 'closed', 'expired'] as const) {
    bench.execute(1, 0, outcome, { bytes: copy });
  }
  assert.equal(bench.forwarder.size, 2);
  bench.execute(1, 0, 'applied', { bytes: copy });
  assert.equal((await one.final).outcome, 'applied');
  bench.execute(2, 0, 'bad-signature');
  assert.equal((await two.final).outcome, 'bad-signature', 'the very bytes, where they were handed to');
});

test('other bytes of one id are another submission', async () => {
  const bench = new Bench();
  const broken = bench.forwarder.submit(1, { kind: ITEM_KINDS.ballot, bytes: Uint8Array.of(1, 99) }, idOf(1));
  const good = bench.submit(1);
  assert.notEqual(good, broken);
  await (await bench.open())[0]?.answer('accepted');
  bench.execute(1, 0, 'bad-signature', { bytes: Uint8Array.of(1, 99) });
  assert.equal((await broken.final).outcome, 'bad-signature');
  assert.equal(bench.forwarder.size, 1);
  bench.execute(1, 0, 'counted');
  assert.equal((await good.final).outcome, 'counted');
});

test('a validator that puts an item into another shard does not decide what becomes of it', async () => {
  const bench = new Bench();
  const { final } = bench.submit(1);
  await (await bench.open())[0]?.answer('accepted');
  bench.execute(1, 0, 'wrong-shard', { shard: 2 });
  assert.equal(bench.forwarder.size, 1);
  bench.execute(1, 1, 'counted');
  assert.equal((await final).outcome, 'counted');
});

test('no answer is no answer: it may be in, so its word counts, and another is asked', async () => {
  const bench = new Bench();
  const { final } = bench.submit(1);
  await (await bench.open())[0]?.fail();
  bench.nowMs = 250;
  bench.forwarder.tick();
  assert.equal((await bench.open())[0]?.validator, 1);
  bench.execute(1, 0, 'expired');
  assert.equal((await final).outcome, 'expired');
});

test('refused by everybody it is given back as not taken', async () => {
  const bench = new Bench();
  const { accepted } = bench.submit(1);
  for (let round = 1; round <= 4; round++) {
    await (await bench.open())[0]?.answer('refused');
    bench.nowMs += 250;
    bench.forwarder.tick();
  }
  await assert.rejects(accepted, (error) => codeOf(error) === 'WAGGLE_SUBMIT_BUSY');
});

test('whatever validators do, an item is asked of somebody until it is final, and never of two at once', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('accepted', 'busy', 'fail', 'lose', 'back', 'wait'), { maxLength: 40 }),
      async (events) => {
        const bench = new Bench();
        const { final } = bench.submit(1);
        for (const event of events) {
          const open = await bench.open();
          assert.ok(open.length <= 1);
          const [asked] = open;
          if (event === 'accepted' || event === 'busy') await asked?.answer(event);
          else if (event === 'fail') await asked?.fail();
          else if (event === 'lose') bench.forwarder.disconnected(bench.reachable.shift() ?? 0);
          else if (event === 'back') bench.reachable = [0, 1, 2];
          else bench.nowMs += 1_000;
          bench.forwarder.tick();
        }
        bench.reachable = [0, 1, 2];
        bench.nowMs += 10_000;
        bench.forwarder.tick();
        const [asked] = await bench.open();
        assert.ok(asked, 'it is still being asked for');
        await asked.answer('accepted');
        bench.execute(1, asked.validator, 'counted');
        assert.equal((await final).outcome, 'counted');
      },
    ),
    { numRuns: 200 },
  ));
