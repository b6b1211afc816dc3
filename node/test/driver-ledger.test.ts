import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { shardOf } from '../../protocol/ids.ts';
import { changeOf } from '../driver/ledger-change.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { blockKey, PREFIXES } from '../storage/keys.ts';
import { openLedgerStore } from '../storage/ledger-store.ts';
import { collect } from './collect.ts';
import { Solo, SPACE } from './solo.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';
import { OPTIONS, pendingAndWritten, withLedger } from './with-ledger.ts';

describe('ledger writer and reader', () => {
  it('give back blocks, segments, ballots and checkpoints, written or not', () =>
    withLedger(async ({ solo, writer, reader, write }) => {
      solo.open(false);
      solo.vote([solo.ballot('a', 3), solo.ballot('b', 4)]);
      const executed = solo.executed;
      write();
      await pendingAndWritten(writer, async () => {
        for (const { block, segments, checkpoint } of executed) {
          const { height } = block.block;
          const facts = await reader.block({ height });
          assert.deepEqual(facts?.block.hash, block.hash);
          assert.equal(facts?.certificate?.kind, 'finalize');
          assert.equal((await reader.block({ hash: block.hash }))?.height, height);
          assert.deepEqual(await reader.checkpoint(height), [checkpoint]);
          for (const { segment, items } of segments) {
            const found = await reader.segment(segment.id);
            assert.deepEqual(found?.segment.bytes, segment.bytes);
            assert.equal(found?.height, height);
            assert.deepEqual(
              found?.outcomes,
              items.map(({ outcome }) => outcome),
            );
          }
        }
        const facts = await reader.ballot(solo.ballot('a', 3).id);
        assert.deepEqual([facts?.outcome, facts?.author, facts?.ballot.ballot.voter], ['counted', 'v0', 'a']);
        assert.equal(await reader.block({ height: 999 }), undefined);
        assert.equal(await reader.block({ hash: new Uint8Array(32) }), undefined);
        assert.equal(await reader.ballot(new Uint8Array(32)), undefined);
        assert.equal(await reader.segment(new Uint8Array(32)), undefined);
        assert.deepEqual(await reader.checkpoint(999), []);
      });
    }));

  it('list the ballots of a session in pages, by voter, with every outcome', () =>
    withLedger(async ({ solo, writer, reader, write }) => {
      solo.open(false);
      solo.vote([solo.ballot('b', 1), solo.ballot('ab', 2), solo.ballot('a', 3)]);
      write();
      await writer.flush();
      solo.vote([solo.ballot('a', 4)]);
      write();
      await pendingAndWritten(writer, async () => {
        const list = await reader.ballots('main', 's1', { limit: 10 });
        const lines = list.map(({ ballot, outcome }) => `${ballot.ballot.voter} ${outcome}`);
        assert.deepEqual(lines, ['a counted', 'a already-voted', 'ab counted', 'b counted']);
        const paged: string[] = [];
        for (let after: string | undefined; ; ) {
          const [next] = await reader.ballots('main', 's1', { limit: 1, ...(after === undefined ? {} : { after }) });
          if (next === undefined) break;
          paged.push(`${next.ballot.ballot.voter} ${next.outcome}`);
          after = next.cursor;
        }
        assert.deepEqual(paged, lines);
        const ofA = await reader.ballots('main', 's1', { voter: 'a', limit: 10 });
        assert.equal(ofA.length, 2);
        assert.deepEqual(await reader.ballots('main', 's', { limit: 10 }), []);
        assert.deepEqual(await reader.ballots('not\0an id', 's1', { limit: 10 }), []);
      });
      const [first] = await reader.ballots('main', 's1', { voter: 'a', limit: 1 });
      const foreign = { voter: 'b', after: first?.cursor ?? '', limit: 1 };
      await assert.rejects(reader.ballots('main', 's1', foreign), (error) => codeOf(error) === 'WAGGLE_LEDGER_CURSOR');
    }));

  it('keep the counted record of a ballot that stands in the ledger more than once', () =>
    withLedger(async ({ solo, writer, reader, write }) => {
      solo.open(false);
      const ballot = solo.ballot('a', 3);
      const outcomeOf = async (): Promise<string | undefined> => (await reader.ballot(ballot.id))?.outcome;
      const elsewhere = 3 - shardOf(SPACE, 'a', 2);
      solo.vote([ballot], elsewhere);
      write();
      assert.equal(await outcomeOf(), 'wrong-shard');
      solo.vote([ballot]);
      write();
      assert.equal(await outcomeOf(), 'counted');
      solo.vote([ballot], elsewhere);
      write();
      await pendingAndWritten(writer, async () => assert.equal(await outcomeOf(), 'counted'));
      solo.vote([ballot], elsewhere);
      write();
      await pendingAndWritten(writer, async () => assert.equal(await outcomeOf(), 'counted'));
      const all = await reader.ballots('main', 's1', { limit: 10 });
      assert.deepEqual(
        all.map(({ outcome }) => outcome),
        ['wrong-shard', 'counted', 'wrong-shard', 'wrong-shard'],
      );
    }));

  it('say how far the ledger is durable only after a sync', () =>
    withLedger(async ({ solo, writer, write }) => {
      solo.open(false);
      write();
      const { height } = solo.replica.executed;
      assert.equal(writer.facts().syncedHeight, 0);
      await writer.flush();
      assert.deepEqual(writer.facts(), { pendingChanges: 0, pendingBytes: 0, syncedHeight: height });
    }));

  it('sync by themselves after 64 blocks', () =>
    withLedger(async ({ store, solo, writer, write }) => {
      const syncs: boolean[] = [];
      const batch = store.batch.bind(store);
      store.batch = (puts, deletes, options) => {
        syncs.push(options.sync);
        return batch(puts, deletes, options);
      };
      solo.open(true);
      let previous: Uint8Array | undefined;
      for (let round = 0; round < 70; round++) {
        const ballot = solo.ballot('a', 1 + (round % 10), 's1', previous);
        previous = ballot.id;
        solo.vote([ballot]);
        write();
        while (writer.overlay.size > 0) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(syncs.filter((sync) => sync).length, 1);
      assert.ok(writer.facts().syncedHeight >= 64);
    }));

  it('count a new record once, though a sync puts it once more', () =>
    withLedger(async ({ store, writer }) => {
      const put = { key: blockKey(1), value: new Uint8Array(9), height: 1, isNew: true };
      writer.put({ puts: [put], blocks: 1, height: 1 });
      while (writer.overlay.size > 0) await new Promise((resolve) => setImmediate(resolve));
      await writer.flush();
      assert.equal(writer.facts().syncedHeight, 1);
      assert.deepEqual(
        (await collect(store.whole(PREFIXES.block))).map(({ value }) => value),
        [put.value],
      );
    }));

  it('leave sums that say what is there, whatever was refused, superseded or put again', () =>
    withLedger(async ({ solo, store, writer, write }) => {
      solo.open(true);
      const first = solo.ballot('a', 3);
      for (const ballots of [[first, first], [solo.ballot('a', 4, 's1', first.id), solo.ballot('b', 1)], [first]]) {
        solo.vote(ballots);
        write();
        await writer.flush();
      }
      for (const prefix of Object.values(PREFIXES)) await collect(store.whole(prefix));
    }));

  it('stop at the first failure and tell it once', () =>
    inTemporaryDirectory(async (directory) => {
      const { store } = await openLedgerStore(directory, OPTIONS);
      const failures: unknown[] = [];
      const writer = new LedgerWriter(store, 0, (error) => failures.push(error));
      store.batch = () => Promise.reject(new WaggleError('WAGGLE_STORE_FAILED'));
      const solo = new Solo();
      solo.open(false);
      const change = changeOf(solo.take(), solo.replica.state);
      writer.put(change);
      await assert.rejects(writer.flush(), (error) => codeOf(error) === 'WAGGLE_STORE_FAILED');
      writer.put(change);
      assert.equal(writer.room(), undefined);
      await writer.close();
      assert.equal(failures.length, 1);
      await store.close();
    }));

  it('put the rows of several blocks into one change with the last anchor', () => {
    const solo = new Solo();
    solo.open(true);
    const first = solo.ballot('a', 1);
    solo.vote([first]);
    solo.vote([solo.ballot('a', 2, 's1', first.id)]);
    const executed = solo.take();
    assert.ok(executed.length >= 3);
    const change = changeOf(executed, solo.replica.state);
    assert.equal(change.height, solo.replica.executed.height);
    const keys = change.puts.map(({ key }) => Buffer.from(key).toString('hex'));
    const rows = keys.filter((key) => key.startsWith('07'));
    assert.equal(new Set(rows).size, rows.length, 'each row once');
    const anchors = change.puts.filter(({ key }) => hashesEqual(key, Buffer.from('\x01anchor')));
    assert.equal(anchors.length, 1);
  });
});
