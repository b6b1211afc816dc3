import assert from 'node:assert/strict';
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { codeOf } from '../../protocol/errors.ts';
import { ballotIndexKey, ballotKey, beginningWith, blockKey, metaKey, PREFIXES, textsSuffix } from '../storage/keys.ts';
import { type LedgerPut, type LedgerStore, openLedgerStore } from '../storage/ledger-store.ts';
import { SUMS_KEY } from '../storage/level-store.ts';
import { MIGRATIONS } from '../storage/migrations.ts';
import { releaseReserve } from '../storage/reserve.ts';
import { StoreSums } from '../storage/store-sums.ts';
import { collect } from './collect.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const OPTIONS = { reserveBytes: 1_500_000, cacheBytes: 1024 * 1024 };
const utf8 = new TextEncoder();

function block(height: number): LedgerPut {
  return { key: blockKey(height), value: utf8.encode(`block ${height}`), height };
}

async function withStore(directory: string, use: (store: LedgerStore) => Promise<void>): Promise<void> {
  const { store } = await openLedgerStore(directory, OPTIONS);
  try {
    await use(store);
  } finally {
    await store.close();
  }
}

/** The database below the store, for faults. */
async function withLevel(
  directory: string,
  use: (level: ClassicLevel<Uint8Array, Uint8Array>) => Promise<void>,
): Promise<void> {
  const level = new ClassicLevel<Uint8Array, Uint8Array>(join(directory, 'db'), {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await level.open();
  try {
    await use(level);
  } finally {
    await level.close();
  }
}

/** Prefixes under which a scan finds a damaged record, or another sum than the store was left with. */
async function differences(store: LedgerStore): Promise<number[]> {
  const scan = store.scan();
  const found = new StoreSums();
  const damaged: number[] = [];
  let expected: StoreSums | undefined;
  for (let records = await scan.next(2); records.length > 0; records = await scan.next(2)) {
    for (const { key, stored, sums, damage } of records) {
      if (damage !== undefined) damaged.push(key[0] ?? 0);
      expected ??= sums;
      if (stored !== undefined) found.add(key[0] ?? 0, stored);
    }
  }
  await scan.close();
  assert.ok(expected !== undefined);
  return [...new Set([...damaged, ...found.differences(expected)])];
}

describe('ledger store', () => {
  it('keeps what is put, over starts, and forgets what is deleted', () =>
    inTemporaryDirectory(async (directory) => {
      await withStore(directory, async (store) => {
        await store.batch([block(1), block(2), block(3)], [], { sync: true });
        await store.batch([], [block(2).key], { sync: false });
      });
      await withStore(directory, async (store) => {
        assert.deepEqual(await store.get(blockKey(1)), utf8.encode('block 1'));
        assert.equal(await store.get(blockKey(2)), undefined);
        assert.equal(await store.get(blockKey(4)), undefined);
        assert.equal(store.writable(), true);
      });
    }));

  it('counts what is new without a look, and what replaces it with one, in one batch or in two', () =>
    inTemporaryDirectory(async (directory) => {
      await withStore(directory, async (store) => {
        const first = { ...block(1), isNew: true };
        const again = { ...first, value: utf8.encode('another'), isNew: false };
        await store.batch([first, again, { ...block(2), isNew: true }], [], { sync: true });
        assert.deepEqual(await store.get(blockKey(1)), again.value);
        assert.deepEqual(await differences(store), []);
        await store.batch(
          [first, { ...block(3), isNew: true }].map((put) => ({ ...put, isNew: put.height > 1 })),
          [],
          {
            sync: true,
          },
        );
        assert.deepEqual(await store.get(blockKey(1)), first.value);
        assert.deepEqual(await differences(store), []);
        await store.batch([{ ...block(2), value: utf8.encode('put anew'), isNew: true }], [blockKey(2)], {
          sync: true,
        });
        assert.deepEqual(await differences(store), []);
      });
    }));

  it('keeps records of any size as they are, one after the other in one batch', () =>
    inTemporaryDirectory(async (directory) => {
      await withStore(directory, async (store) => {
        const sizes = [0, 1, 200, 70_000, 3, 1_200_000, 5];
        const puts = sizes.map((size, at) => ({
          key: at % 2 === 0 ? blockKey(at) : metaKey('x'.repeat(40 * at)),
          value: new Uint8Array(size).map((_, place) => place * at),
          height: 2 ** 40 + at,
        }));
        await store.batch(puts, [], { sync: true });
        for (const { key, value } of puts) assert.deepEqual(await store.get(key), value);
        const stored = await collect(store.range(PREFIXES.block));
        assert.deepEqual(
          stored.map(({ height }) => height),
          [0, 2, 4, 6].map((at) => 2 ** 40 + at),
        );
        assert.deepEqual(await differences(store), []);
      });
    }));

  it('gives ranges in key order, within bounds and within the prefix', () =>
    inTemporaryDirectory(async (directory) => {
      await withStore(directory, async (store) => {
        const others = [metaKey('zz'), ballotKey(new Uint8Array(32))].map((key) => ({ key, value: key, height: 0 }));
        await store.batch([...[300, 1, 256, 2, 255].map(block), ...others], [], { sync: true });
        const heights = async (options: Parameters<LedgerStore['range']>[1]): Promise<number[]> =>
          (await collect(store.range(PREFIXES.block, options))).map(({ height }) => height);
        const suffix = (height: number): Uint8Array => blockKey(height).subarray(1);
        assert.deepEqual(await heights(undefined), [1, 2, 255, 256, 300]);
        assert.deepEqual(await heights({ reverse: true, limit: 2 }), [300, 256]);
        assert.deepEqual(await heights({ gt: suffix(2), lte: suffix(256) }), [255, 256]);
        assert.deepEqual(await heights({ gte: suffix(2), lt: suffix(256) }), [2, 255]);
        const [first] = await collect(store.range(PREFIXES.block, { limit: 1 }));
        assert.deepEqual(first, { key: suffix(1), value: utf8.encode('block 1'), height: 1 });
        for await (const _ of store.range(PREFIXES.block)) break;
      });
    }));

  it('finds the ballots of a voter and not those of one whose name begins alike', () =>
    inTemporaryDirectory(async (directory) => {
      await withStore(directory, async (store) => {
        const value = new Uint8Array(1);
        const puts = ['ann', 'anna', 'an'].flatMap((voter) =>
          [2, 1].map((height) => ({ key: ballotIndexKey('s', 'r', voter, height, 0), value, height })),
        );
        await store.batch(puts, [], { sync: false });
        const found = await collect(store.range(PREFIXES.ballotIndex, beginningWith(textsSuffix('s', 'r', 'ann'))));
        assert.deepEqual(
          found.map(({ height }) => height),
          [1, 2],
        );
      });
    }));

  it('finds a flipped bit anywhere in a stored record', () =>
    inTemporaryDirectory(async (directory) => {
      await withStore(directory, (store) => store.batch([block(1)], [], { sync: true }));
      let stored = new Uint8Array(0);
      await withLevel(directory, async (level) => {
        stored = Uint8Array.from((await level.get(blockKey(1))) ?? []);
        for (let at = 0; at < stored.length; at++) {
          const flipped = stored.slice();
          flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
          await level.put(blockKey(1000 + at), flipped);
          await level.put(blockKey(at), flipped);
        }
        await level.put(blockKey(500), stored.subarray(0, 25));
        await level.put(blockKey(501), new Uint8Array(0));
      });
      assert.ok(stored.length > 30);
      await withStore(directory, async (store) => {
        for (let at = 0; at < stored.length; at++) {
          await assert.rejects(store.get(blockKey(at)), { code: 'WAGGLE_STORE_DAMAGED' }, `byte ${at}`);
        }
        await assert.rejects(store.get(blockKey(500)), { code: 'WAGGLE_STORE_DAMAGED' });
        await assert.rejects(store.get(blockKey(501)), { code: 'WAGGLE_STORE_DAMAGED' });
        await assert.rejects(collect(store.range(PREFIXES.block)), { code: 'WAGGLE_STORE_DAMAGED' });
        // It can be repaired: the rest of the store goes on.
        assert.equal(store.writable(), true);
        // What the damaged record counted for is lost: it can be put once more as it was, and not be replaced.
        await assert.rejects(store.batch([block(1)], [], { sync: true }), { code: 'WAGGLE_STORE_DAMAGED' });
        await store.batch([block(1)], [], { sync: true, mends: true });
        assert.deepEqual(await store.get(blockKey(1)), utf8.encode('block 1'));
      });
    }));

  it('never gives back wrong bytes when a bit of the database files rots', () =>
    inTemporaryDirectory(async (directory) => {
      const count = 500;
      const value = (height: number): Uint8Array => new Uint8Array(200).map((_, at) => (height * 31 + at * at) & 0xff);
      const puts = Array.from({ length: count }, (_, height) => ({
        key: blockKey(height),
        value: value(height),
        height,
      }));
      await withStore(directory, (store) => store.batch(puts, [], { sync: true }));
      await withLevel(directory, (level) => level.compactRange(blockKey(0), blockKey(count)));
      const table = (await readdir(join(directory, 'db'))).find((name) => name.endsWith('.ldb'));
      assert.ok(table !== undefined);
      const path = join(directory, 'db', table);
      const whole = await readFile(path);
      let found = 0;
      for (let round = 0; round < 24; round++) {
        const at = Math.floor((whole.length / 24) * (round + 0.5));
        const rotten = Buffer.from(whole);
        rotten[at] = (rotten[at] ?? 0) ^ (1 << (round % 8));
        await writeFile(path, rotten);
        const look = withStore(directory, async (store) => {
          for (let height = 0; height < count; height++) {
            try {
              const got = await store.get(blockKey(height));
              if (got !== undefined) assert.deepEqual(got, value(height));
            } catch (error) {
              assert.match(codeOf(error) ?? String(error), /^WAGGLE_STORE_(DAMAGED|FAILED)$/);
              found++;
            }
          }
        });
        await look.catch((error: unknown) => {
          // What the store needs of itself is in this table too.
          assert.match(codeOf(error) ?? String(error), /^WAGGLE_STORE_(DAMAGED|FAILED)$/);
          found++;
        });
      }
      assert.ok(found > 0);
    }));

  it('finds a whole record under another key, and says which', () =>
    inTemporaryDirectory(async (directory) => {
      await withStore(directory, (store) => store.batch([block(1)], [], { sync: true }));
      await withLevel(directory, async (level) => {
        const stored = await level.get(blockKey(1));
        assert.ok(stored !== undefined);
        await level.put(blockKey(2), stored);
        await level.put(ballotKey(blockKey(1).subarray(1)), stored);
      });
      await withStore(directory, async (store) => {
        await assert.rejects(store.get(blockKey(2)), {
          code: 'WAGGLE_STORE_DAMAGED',
          facts: { prefix: PREFIXES.block, key: '0000000000000002', reason: 'sum' },
        });
        await assert.rejects(store.get(ballotKey(blockKey(1).subarray(1))), { code: 'WAGGLE_STORE_DAMAGED' });
      });
    }));

  it('sees at the end of a prefix, and of a scan, what is missing or came back in an older version', () =>
    inTemporaryDirectory(async (directory) => {
      const faults: ((level: ClassicLevel<Uint8Array, Uint8Array>, old: Uint8Array) => Promise<void>)[] = [
        (level) => level.del(blockKey(2)),
        (level, old) => level.put(blockKey(1), old),
        (level, old) => level.put(blockKey(4), old),
      ];
      for (const fault of faults) {
        await rm(join(directory, 'db'), { recursive: true, force: true });
        await rm(join(directory, 'created'), { force: true });
        let old: Uint8Array | undefined;
        await withStore(directory, (store) => store.batch([block(1), block(2)], [], { sync: true }));
        await withLevel(directory, async (level) => {
          old = await level.get(blockKey(1));
        });
        const newer = { ...block(1), value: utf8.encode('newer'), height: 3 };
        await withStore(directory, async (store) => {
          await store.batch([newer, block(3)], [], { sync: true });
          await store.batch([], [block(3).key, block(9).key], { sync: true });
          assert.equal((await collect(store.whole(PREFIXES.block))).length, 2);
          assert.deepEqual(await differences(store), []);
        });
        await withLevel(directory, (level) => fault(level, old ?? new Uint8Array(0)));
        await withStore(directory, async (store) => {
          await assert.rejects(collect(store.whole(PREFIXES.block)), { code: 'WAGGLE_STORE_DAMAGED' });
          assert.deepEqual(await differences(store), [PREFIXES.block]);
          // It stays seen, whatever is written meanwhile.
          await store.batch([block(5)], [], { sync: true });
          assert.deepEqual(await differences(store), [PREFIXES.block]);
        });
      }
    }));

  it('takes up a store that has no sums yet, and no other', () =>
    inTemporaryDirectory(async (directory) => {
      const old = await openLedgerStore(directory, { ...OPTIONS, migrations: MIGRATIONS.slice(0, 1) });
      const others = [1, 2].map((at) => ({ ...block(at), key: metaKey(`fact-${at}`) }));
      await old.store.batch(others, [], { sync: true });
      await old.store.close();
      await withLevel(directory, (level) => level.del(SUMS_KEY));
      await withStore(directory, async (store) => assert.deepEqual(await differences(store), []));
      await withStore(directory, async (store) => assert.deepEqual(await differences(store), []));
      await withLevel(directory, (level) => level.del(SUMS_KEY));
      await assert.rejects(openLedgerStore(directory, OPTIONS), { code: 'WAGGLE_STORE_DAMAGED' });
    }));

  it('is opened by one at a time', () =>
    inTemporaryDirectory(async (directory) => {
      await withStore(directory, async () => {
        await assert.rejects(openLedgerStore(directory, OPTIONS), { code: 'WAGGLE_STORE_LOCKED' });
      });
      await withStore(directory, async (store) => assert.equal(store.writable(), true));
    }));

  it('is never made anew once it was created', () =>
    inTemporaryDirectory(async (directory) => {
      const first = await openLedgerStore(directory, OPTIONS);
      assert.equal(first.created, true);
      await first.store.close();
      const second = await openLedgerStore(directory, OPTIONS);
      assert.equal(second.created, false);
      await second.store.close();
      await rm(join(directory, 'db', 'CURRENT'));
      await assert.rejects(openLedgerStore(directory, OPTIONS), { code: 'WAGGLE_STORE_MISSING' });
      await rm(join(directory, 'db'), { recursive: true });
      await assert.rejects(openLedgerStore(directory, OPTIONS), { code: 'WAGGLE_STORE_MISSING' });
    }));

  it('says what failed when the database cannot be opened', () =>
    inTemporaryDirectory(async (directory) => {
      await withStore(directory, async () => undefined);
      const manifest = (await readdir(join(directory, 'db'))).find((name) => name.startsWith('MANIFEST'));
      await rm(join(directory, 'db', manifest ?? ''));
      await assert.rejects(openLedgerStore(directory, OPTIONS), { code: 'WAGGLE_STORE_FAILED' });
    }));

  it('takes nothing more after LevelDB failed once', () =>
    inTemporaryDirectory(async (directory) => {
      const { store } = await openLedgerStore(directory, OPTIONS);
      const told: string[] = [];
      store.onFailure(({ code }) => told.push(code));
      await store.close();
      await assert.rejects(store.batch([block(1)], [], { sync: true }), { code: 'WAGGLE_STORE_FAILED' });
      assert.equal(store.writable(), false);
      await assert.rejects(store.batch([], [], { sync: true }), { code: 'WAGGLE_STORE_FAILED' });
      await assert.rejects(store.get(blockKey(1)), { code: 'WAGGLE_STORE_FAILED' });
      assert.deepEqual(told, ['WAGGLE_STORE_FAILED'], 'at once, and once');
    }));

  it('says so too when a batch that looks nothing up is the first to meet it', () =>
    inTemporaryDirectory(async (directory) => {
      for (const mends of [false, true]) {
        const { store } = await openLedgerStore(directory, OPTIONS);
        const told: string[] = [];
        store.onFailure(({ code }) => told.push(code));
        await store.close();
        const put = { ...block(1), isNew: true };
        await assert.rejects(store.batch([put], [], { sync: true, mends }), { code: 'WAGGLE_STORE_FAILED' });
        assert.equal(store.writable(), false);
        assert.deepEqual(told, ['WAGGLE_STORE_FAILED']);
      }
    }));

  it('holds a reserve, gives it up, and takes it again', () =>
    inTemporaryDirectory(async (directory) => {
      const path = join(directory, 'reserve');
      const { store, reserve } = await openLedgerStore(directory, OPTIONS);
      await store.close();
      assert.equal(reserve, true);
      const { size, blocks } = await stat(path);
      assert.equal(size, OPTIONS.reserveBytes);
      assert.ok(blocks * 512 >= size, 'not a hole');
      assert.equal(await releaseReserve(directory), true);
      assert.equal(await releaseReserve(directory), false);
      await withStore(directory, async () => assert.equal((await stat(path)).size, OPTIONS.reserveBytes));
    }));
});
