import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delivery, Input } from '../../consensus/types.ts';
import { ITEM_KINDS } from '../../protocol/chain/segment.ts';
import { codeOf } from '../../protocol/errors.ts';
import { type Hash, tagged } from '../../protocol/hash.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import { TAGS } from '../../protocol/tags.ts';
import { Submissions } from '../driver/submissions.ts';
import { executedBlock } from './harness/executed-block.ts';

const SELF = 2;
const ID: Hash = tagged(TAGS.item.tag, Uint8Array.of(1));
const GOOD = Uint8Array.of(1);
const BROKEN = Uint8Array.of(1, 99);

class Bench {
  readonly inputs: Input[] = [];
  room = true;
  readonly submissions = new Submissions(
    (input) => this.room && this.inputs.push(input) > 0,
    () => SELF,
  );

  submit(bytes: Uint8Array) {
    return this.submissions.submit(1, { kind: ITEM_KINDS.ballot, bytes }, ID);
  }

  execute(bytes: Uint8Array, outcome: Outcome, author = SELF): void {
    const executed = executedBlock({ author, shard: 1 }, [{ id: ID, outcome, bytes }]);
    this.submissions.take({ kind: 'executed', executed });
  }

  seal(bytes: Uint8Array): void {
    const [executed] = executedBlock({ author: SELF, shard: 1 }, [{ id: ID, outcome: 'counted', bytes }]).segments;
    assert.ok(executed);
    const sealed: Delivery = { kind: 'sealed', segment: executed.segment, ids: [ID] };
    this.submissions.take(sealed);
  }
}

test('the same bytes are one submission, other bytes of the id another one', async () => {
  const bench = new Bench();
  const broken = bench.submit(BROKEN);
  const good = bench.submit(GOOD);
  assert.equal(bench.submit(GOOD), good);
  assert.notEqual(good, broken);
  assert.equal(bench.inputs.length, 2, 'the good one is sealed too');
  bench.execute(BROKEN, 'bad-signature');
  assert.equal((await broken.final).outcome, 'bad-signature');
  assert.equal(bench.submissions.size, 1);
  bench.execute(GOOD, 'counted');
  assert.equal((await good.final).outcome, 'counted');
});

test('an outcome in the segment of somebody else settles only that it counted', async () => {
  const bench = new Bench();
  const { final } = bench.submit(GOOD);
  bench.execute(GOOD, 'closed', 1);
  assert.equal(bench.submissions.size, 1);
  bench.execute(BROKEN, 'counted', 1);
  assert.equal((await final).outcome, 'counted');
});

test('sealed is whose bytes were sealed; busy are those of the id that were not', async () => {
  const bench = new Bench();
  const broken = bench.submit(BROKEN);
  const good = bench.submit(GOOD);
  bench.seal(GOOD);
  await good.accepted;
  bench.submissions.take({ kind: 'busy', id: ID, shard: 1 });
  await assert.rejects(broken.accepted, (error) => codeOf(error) === 'WAGGLE_SUBMIT_BUSY');
  assert.equal(bench.submissions.size, 1);
  bench.execute(GOOD, 'counted');
  assert.equal((await good.final).outcome, 'counted');
});

test('without room, and after the end, it is refused', async () => {
  const bench = new Bench();
  bench.room = false;
  await assert.rejects(bench.submit(GOOD).accepted, (error) => codeOf(error) === 'WAGGLE_SUBMIT_BUSY');
  assert.equal(bench.submissions.size, 0);
  bench.room = true;
  const { final } = bench.submit(GOOD);
  bench.submissions.stop();
  await assert.rejects(final, (error) => codeOf(error) === 'WAGGLE_SUBMIT_STOPPED');
  await assert.rejects(bench.submit(GOOD).final, (error) => codeOf(error) === 'WAGGLE_SUBMIT_STOPPED');
});
