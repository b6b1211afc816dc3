import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ClassicLevel } from 'classic-level';
import { blockKey, metaKey, operationKey, PREFIXES } from '../storage/keys.ts';
import { openLedgerStore } from '../storage/ledger-store.ts';
import { MIGRATIONS, type Migration } from '../storage/migrations.ts';
import { collect } from './collect.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

const RESERVE = { reserveBytes: 1000 };
const KEY = blockKey(1);

const KNOWN = MIGRATIONS.length;

/** A later schema in which every block has a byte more, and an operation is gone. */
const LATER: readonly Migration[] = [
  ...MIGRATIONS,
  {
    from: KNOWN,
    to: KNOWN + 1,
    async up(store) {
      const blocks = await collect(store.range(PREFIXES.block));
      const puts = blocks.map(({ value, height }) => ({
        key: blockKey(height),
        value: Uint8Array.of(...value, 2),
        height,
      }));
      return { puts, deletes: [operationKey(Uint8Array.of(9))] };
    },
  },
  {
    from: KNOWN + 1,
    to: KNOWN + 2,
    async up(store) {
      return {
        puts: [{ key: blockKey(2), value: (await store.get(KEY)) ?? new Uint8Array(0), height: 2 }],
        deletes: [],
      };
    },
  },
];

async function createOld(directory: string): Promise<void> {
  const { store } = await openLedgerStore(directory, RESERVE);
  const puts = [KEY, operationKey(Uint8Array.of(9))].map((key) => ({ key, value: Uint8Array.of(1), height: 1 }));
  await store.batch(puts, [], { sync: true });
  await store.close();
}

describe('migrations', () => {
  it('are in order and without gaps', () => {
    assert.deepEqual(
      MIGRATIONS.map(({ from, to }) => [from, to]),
      MIGRATIONS.map((_, index) => [index, index + 1]),
    );
  });

  it('write the schema of a new store', () =>
    inTemporaryDirectory(async (directory) => {
      const { store, migrated } = await openLedgerStore(directory, RESERVE);
      assert.deepEqual(migrated, { from: 0, to: MIGRATIONS.length });
      assert.deepEqual(await store.get(metaKey('schema')), Uint8Array.of(0, 0, 0, MIGRATIONS.length));
      await store.close();
    }));

  it('bring an old store forward, once', () =>
    inTemporaryDirectory(async (directory) => {
      await createOld(directory);
      for (const from of [KNOWN, KNOWN + 2]) {
        const { store, migrated } = await openLedgerStore(directory, { ...RESERVE, migrations: LATER });
        assert.deepEqual(migrated, { from, to: KNOWN + 2 });
        assert.deepEqual(await store.get(KEY), Uint8Array.of(1, 2));
        assert.deepEqual(await store.get(blockKey(2)), Uint8Array.of(1, 2));
        assert.equal(await store.get(operationKey(Uint8Array.of(9))), undefined);
        await store.close();
      }
    }));

  it('go on where they were interrupted', () =>
    inTemporaryDirectory(async (directory) => {
      await createOld(directory);
      const up = async (): Promise<never> => {
        throw new Error('interrupted');
      };
      const broken = LATER.map((migration) => (migration.from === KNOWN + 1 ? { ...migration, up } : migration));
      await assert.rejects(openLedgerStore(directory, { ...RESERVE, migrations: broken }), /interrupted/);
      const { store, migrated } = await openLedgerStore(directory, { ...RESERVE, migrations: LATER });
      assert.deepEqual(migrated, { from: KNOWN + 1, to: KNOWN + 2 });
      assert.deepEqual(await store.get(KEY), Uint8Array.of(1, 2));
      await store.close();
    }));

  it('refuse a store of a newer build and leave it alone', () =>
    inTemporaryDirectory(async (directory) => {
      const newer = await openLedgerStore(directory, { ...RESERVE, migrations: LATER });
      await newer.store.close();
      await assert.rejects(openLedgerStore(directory, RESERVE), {
        code: 'WAGGLE_STORE_NEWER',
        facts: { schema: KNOWN + 2, known: KNOWN },
      });
      const again = await openLedgerStore(directory, { ...RESERVE, migrations: LATER });
      assert.deepEqual(again.migrated, { from: KNOWN + 2, to: KNOWN + 2 });
      await again.store.close();
    }));

  it('refuse blocks that were executed by other rules, and leave them alone', () =>
    inTemporaryDirectory(async (directory) => {
      const former = { ...RESERVE, migrations: MIGRATIONS.slice(0, 2) };
      const { store } = await openLedgerStore(directory, former);
      await store.batch([{ key: KEY, value: Uint8Array.of(1), height: 1 }], [], { sync: true });
      await store.close();
      const refusal = { code: 'WAGGLE_STORE_OLDER', facts: { schema: 2 } };
      await assert.rejects(openLedgerStore(directory, RESERVE), refusal);
      const again = await openLedgerStore(directory, former);
      assert.deepEqual(again.migrated, { from: 2, to: 2 });
      await again.store.batch([], [KEY], { sync: true });
      await again.store.close();
      const empty = await openLedgerStore(directory, RESERVE);
      assert.deepEqual(empty.migrated, { from: 2, to: KNOWN });
      await empty.store.close();
    }));

  it('refuse a store that lost its schema', () =>
    inTemporaryDirectory(async (directory) => {
      await createOld(directory);
      const level = new ClassicLevel<Uint8Array, Uint8Array>(join(directory, 'db'), { keyEncoding: 'view' });
      await level.open();
      await level.del(metaKey('schema'));
      await level.close();
      await assert.rejects(openLedgerStore(directory, RESERVE), { code: 'WAGGLE_STORE_DAMAGED' });
    }));
});
