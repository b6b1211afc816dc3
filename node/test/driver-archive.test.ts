import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FetchRequest, Message } from '../../consensus/types.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { answersOf } from '../driver/archive.ts';
import { changeOf } from '../driver/ledger-change.ts';
import { LedgerReader } from '../driver/ledger-reader.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { openLedgerStore } from '../storage/ledger-store.ts';
import { collect } from './collect.ts';
import { Solo } from './solo.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

type Ask = (request: FetchRequest) => Promise<Message[]>;

/** A chain of 40 rounds in a ledger, and a way to ask for it. */
async function withArchive(use: (solo: Solo, ask: Ask) => Promise<void>, directFrom = 0): Promise<void> {
  await inTemporaryDirectory(async (directory) => {
    const { store } = await openLedgerStore(directory, { reserveBytes: 4_096 });
    const solo = new Solo();
    const writer = new LedgerWriter(store, 0, (error) => assert.fail(String(error)));
    solo.open(true);
    let previous: Uint8Array | undefined;
    for (let round = 0; round < 40; round++) {
      const ballot = solo.ballot('a', 1 + (round % 10), 's1', previous);
      previous = ballot.id;
      solo.vote([ballot]);
      const executed = solo
        .take()
        .map((one) => (one.block.block.height < directFrom ? { ...one, certificate: undefined } : one));
      writer.put(changeOf(executed, solo.replica.state));
    }
    const reader = new LedgerReader(writer.overlay, (_height, author) => `v${author}`);
    try {
      await use(solo, (request) => collect(answersOf(solo.replica, reader, request)));
    } finally {
      await writer.close();
      await store.close();
    }
  });
}

describe('archive', () => {
  it('gives consecutive final blocks with the last one’s finalization, then their segments', () =>
    withArchive(async (_solo, ask) => {
      const [first, ...rest] = await ask({ kind: 'fetch-final', from: 1 });
      assert.ok(first?.kind === 'final');
      assert.deepEqual(
        first.blocks.map(({ block }) => block.height),
        Array.from({ length: 32 }, (_, at) => at + 1),
      );
      assert.deepEqual(first.certificate.blockHash, first.blocks.at(-1)?.hash);
      const segments = rest.map((message) => (message.kind === 'segment' ? message.segment : undefined));
      const tips = first.blocks.flatMap(({ block }) => block.cut.map(({ tip }) => tip));
      assert.deepEqual(
        segments.map((segment) => segment?.id),
        tips,
      );
      assert.deepEqual(await ask({ kind: 'fetch-final', from: 10_000 }), []);
      assert.deepEqual(await ask({ kind: 'fetch-final', from: 0 }), []);
      assert.deepEqual(await ask({ kind: 'fetch-final', from: Number.MAX_SAFE_INTEGER }), []);
    }));

  it('gives the end of a long run without finalizations of its own, for who walks down from there', () =>
    withArchive(async (_solo, ask) => {
      const answers = await ask({ kind: 'fetch-final', from: 1 });
      const [first] = answers;
      assert.ok(first?.kind === 'final' && answers.length === 1);
      assert.deepEqual([first.blocks.at(0)?.block.height, first.blocks.at(-1)?.block.height], [5, 36]);
      assert.deepEqual(first.certificate.blockHash, first.blocks.at(-1)?.hash);
    }, 36));

  it('gives executed segments by range, at most 64, and blocks by hash', () =>
    withArchive(async (solo, ask) => {
      const { shard, height } = solo.replica.executed.cut.find((entry) => entry.shard > 0) ?? { shard: 0, height: 0 };
      const request = { kind: 'fetch-segments', shard, author: 0, from: 3, to: 7, tip: undefined } as const;
      const heights = (messages: Message[]): number[] =>
        messages.map((message) => (message.kind === 'segment' ? message.segment.header.height : -1));
      assert.deepEqual(heights(await ask(request)), [3, 4, 5, 6, 7]);
      assert.equal(heights(await ask({ ...request, from: 0, to: Number.MAX_SAFE_INTEGER })).length, height);
      assert.deepEqual(await ask({ ...request, author: 5 }), []);
      const { hash } = solo.replica.executed;
      const [block] = await ask({ kind: 'fetch-block', hash });
      assert.ok(block?.kind === 'block');
      assert.deepEqual(block.block.hash, hash);
      assert.deepEqual(await ask({ kind: 'fetch-block', hash: ZERO_HASH }), []);
    }));
});
