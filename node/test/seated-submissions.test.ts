import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ITEM_KINDS, type Item } from '../../protocol/chain/segment.ts';
import { codeOf } from '../../protocol/errors.ts';
import { type Hash, tagged } from '../../protocol/hash.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import { TAGS } from '../../protocol/tags.ts';
import { Forwarder } from '../driver/forwarder.ts';
import { SeatedSubmissions } from '../driver/seated-submissions.ts';
import { Submissions } from '../driver/submissions.ts';
import { decodeSubmit, encodeSubmitAnswer, type SubmitStatus } from '../driver/submit-wire.ts';
import { Counters } from '../network/counters.ts';
import { executedBlock } from './harness/executed-block.ts';

/* A node whose seat comes and goes: whoever waits for an item is answered whichever way the item goes on. */

const ITEMS = [1, 2, 3].map((byte): Item => ({ kind: ITEM_KINDS.ballot, bytes: Uint8Array.of(byte) }));
const itemOf = (at: number): Item => ITEMS[at] ?? assert.fail('no such item');
const idOf = (at: number): Hash => tagged(TAGS.item.tag, itemOf(at).bytes);

/** A node whose seat the test changes, among three validators that answer as the test says. */
class Bench {
  self: number | undefined;
  shard = 1;
  nowMs = 0;
  answer: SubmitStatus = 'accepted';
  sealed: number[] = [];
  asked: { validator: number; items: number[] }[] = [];
  answered = Promise.resolve();
  readonly #forwarder = new Forwarder({
    shardOf: () => this.shard,
    reachable: () => [0, 1, 2],
    request: async (validator, request) => {
      const items = decodeSubmit(request);
      this.asked.push({ validator, items: items.map(({ bytes }) => bytes[0] ?? 0) });
      const { answer } = this;
      await this.answered;
      return encodeSubmitAnswer(items.map(() => answer));
    },
    counters: new Counters(),
    nowMs: () => this.nowMs,
  });
  readonly #own = new Submissions(
    ({ item }) => this.sealed.push(item.bytes[0] ?? 0) > 0,
    () => this.self,
  );
  readonly room = new SeatedSubmissions(this.#own, this.#forwarder, () => this.self !== undefined);

  constructor(self: number | undefined) {
    this.self = self;
  }

  submit(at: number) {
    return this.room.submit(this.shard, itemOf(at), idOf(at));
  }

  seal(at: number): void {
    const [sealed] = executedBlock({ author: 0, shard: 1 }, [
      { id: idOf(at), outcome: 'counted', bytes: itemOf(at).bytes },
    ]).segments;
    assert.ok(sealed);
    this.room.take({ kind: 'sealed', segment: sealed.segment, ids: [idOf(at)] });
  }

  execute(at: number, author: number, outcome: Outcome): void {
    const carried = { id: idOf(at), outcome, bytes: itemOf(at).bytes };
    this.room.take({ kind: 'executed', executed: executedBlock({ author, shard: this.shard }, [carried]) });
  }

  beginEpoch(self: number | undefined, shard = this.shard): void {
    this.self = self;
    this.shard = shard;
    this.asked = [];
    this.#forwarder.epochBegan();
  }

  /** As the step does it every few seconds. */
  carry(at: number): void {
    this.room.carry(this.shard, itemOf(at), idOf(at));
  }

  /** Time passes, and all that is ready to run has run. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    this.#forwarder.tick();
    for (let left = 30; left > 0; left--) await Promise.resolve();
  }
}

describe('an item that was accepted when its epoch ended', () => {
  it('is told by its seat in the next one', async () => {
    const bench = new Bench(0);
    const { final } = bench.submit(0);
    bench.seal(0);
    bench.beginEpoch(3, 2);
    bench.execute(0, 0, 'closed');
    assert.equal(bench.room.size, 1, 'seat 0 is of somebody else now');
    bench.execute(0, 3, 'closed');
    assert.equal((await final).outcome, 'closed');
    assert.equal(bench.room.size, 0);
  });

  it('is carried by others when the node has no seat any more, and who waits for it hears of it', async () => {
    const bench = new Bench(0);
    const { final } = bench.submit(0);
    bench.seal(0);
    bench.beginEpoch(undefined, 2);
    for (let round = 0; round < 3; round++) {
      bench.carry(0);
      await bench.pass(1);
    }
    assert.equal(bench.asked.length, 1);
    bench.execute(0, 0, 'closed');
    assert.equal((await final).outcome, 'closed');
    assert.equal(bench.room.size, 0);
  });

  it('is refused as busy when it cannot be sealed here and nobody else takes it, and is not asked of them for ever', async () => {
    const bench = new Bench(0);
    const { final } = bench.submit(0);
    bench.seal(0);
    bench.answer = 'refused';
    bench.beginEpoch(undefined);
    bench.carry(0);
    for (let round = 0; round < 8; round++) await bench.pass(300);
    await assert.rejects(final, (error) => codeOf(error) === 'WAGGLE_SUBMIT_BUSY');
    assert.equal(bench.room.size, 0);
    const asked = bench.asked.length;
    bench.carry(0);
    await bench.pass(300);
    assert.equal(bench.asked.length, asked);
  });

  it('is refused as busy when the step has no seat for it: it was promised to nobody', async () => {
    const bench = new Bench(0);
    const { accepted, final } = bench.submit(0);
    bench.beginEpoch(undefined);
    bench.room.take({ kind: 'busy', id: idOf(0), shard: 1 });
    await assert.rejects(accepted, (error) => codeOf(error) === 'WAGGLE_SUBMIT_BUSY');
    await assert.rejects(final, (error) => codeOf(error) === 'WAGGLE_SUBMIT_BUSY');
  });

  it('is told that the node stops, whoever has it', async () => {
    const bench = new Bench(0);
    const finals = [bench.submit(0).final];
    bench.seal(0);
    bench.beginEpoch(undefined);
    bench.carry(0);
    finals.push(bench.submit(1).final);
    bench.room.stop();
    for (const final of finals) await assert.rejects(final, (error) => codeOf(error) === 'WAGGLE_SUBMIT_STOPPED');
    assert.equal(bench.room.size, 0);
  });
});

describe('an item that was handed on when an epoch began', () => {
  it('is handed on anew, and who took it before has no word any more', async () => {
    const bench = new Bench(undefined);
    const { final } = bench.submit(0);
    await bench.pass(1);
    bench.beginEpoch(1, 2);
    await bench.pass(1);
    assert.deepEqual(bench.asked, [{ validator: 0, items: [1] }]);
    bench.execute(0, 2, 'closed');
    assert.equal(bench.room.size, 1);
    bench.execute(0, 0, 'closed');
    assert.equal((await final).outcome, 'closed');
  });

  it('is asked again at once when the answer is of the epoch before: an index in it is of somebody else', async () => {
    const bench = new Bench(undefined);
    const { promise, resolve } = Promise.withResolvers<void>();
    bench.answered = promise;
    const { final } = bench.submit(0);
    await bench.pass(1);
    assert.equal(bench.asked.length, 1);
    bench.beginEpoch(undefined, 2);
    bench.answered = Promise.resolve();
    bench.answer = 'busy';
    resolve();
    await bench.pass(1);
    assert.equal(bench.asked.length, 1, 'asked again');
    bench.execute(0, 0, 'closed');
    assert.equal(bench.room.size, 1, 'nobody took it in this epoch');
    bench.execute(0, 2, 'counted');
    assert.equal((await final).outcome, 'counted');
  });
});
