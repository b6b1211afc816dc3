import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { codeOf } from '../../protocol/errors.ts';
import { boot } from '../driver/boot.ts';
import { openJournal } from '../storage/journal.ts';
import { blockKey, PREFIXES } from '../storage/keys.ts';
import { isMarkedDamaged, markDamaged } from '../storage/ledger-files.ts';
import { collect } from './collect.ts';
import { SOLO_CONFIG, SOLO_GENESIS } from './solo.ts';
import {
  contentOf,
  expectedContent,
  leaveHome,
  OPTIONS,
  pathsIn,
  peersWith,
  repairIn,
  withLevel,
} from './solo-home.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

async function refusal(run: Promise<unknown>): Promise<string | undefined> {
  return run.then(
    () => assert.fail('it started'),
    (error: unknown) => codeOf(error),
  );
}

const FIRST_ROW = Uint8Array.of(PREFIXES.row);

describe('repair of the ledger', () => {
  it('leaves a whole ledger alone', () =>
    inTemporaryDirectory(async (directory) => {
      await leaveHome(directory, false);
      const events: string[] = [];
      const booted = await repairIn(directory, peersWith(undefined), {}, events);
      assert.deepEqual(events, []);
      await booted.journal.close();
      await booted.store.close();
    }));

  for (const damage of ['a row', 'a block', 'a segment', 'an anchor', 'all of it', 'asked for', 'marked'] as const) {
    it(`makes the ledger anew from the journal and what is left: ${damage}`, () =>
      inTemporaryDirectory(async (directory) => {
        const solo = await leaveHome(directory, false);
        const whole = await expectedContent(directory);
        await damageHome(directory, damage);
        const events: string[] = [];
        const options = damage === 'asked for' || damage === 'all of it' ? { repair: true } : {};
        const booted = await repairIn(directory, peersWith(undefined), options, events);
        assert.equal(events.length, 2, events.join());
        // What lies above the first hole executes again from the journal, as after any crash.
        const isPart = damage === 'a block' || damage === 'a segment' || damage === 'all of it';
        if (!isPart) {
          assert.deepEqual(booted.replica.executed, solo.replica.executed);
          assert.deepEqual(await contentOf(booted.store), whole);
        }
        assert.ok(booted.replica.executed.height <= solo.replica.executed.height);
        await booted.journal.close();
        await booted.store.close();
        const { ledger } = pathsIn(directory);
        for (const name of ['damaged', 'db.new', 'db.old']) assert.equal(existsSync(join(ledger, name)), false, name);
      }));
  }

  it('takes from peers what the journal gave up, and ends with the very same records', () =>
    inTemporaryDirectory(async (parent) => {
      const [directory, healthy] = [join(parent, 'a'), join(parent, 'b')];
      const solo = await leaveHome(directory, true);
      await leaveHome(healthy, true);
      const whole = await expectedContent(directory);
      for (const damage of ['a block', 'a segment', 'all of it'] as const) {
        await damageHome(directory, damage);
        const asked: number[] = [];
        const booted = await repairIn(directory, peersWith(healthy, asked), { repair: damage === 'all of it' });
        assert.ok(asked.length > 0, damage);
        assert.deepEqual(booted.replica.executed, solo.replica.executed);
        const content = await contentOf(booted.store);
        // Own signatures under checkpoints are of this node alone: with the whole ledger gone so are they.
        const expected = [...whole].filter(([name]) => damage !== 'all of it' || !name.startsWith('10 '));
        assert.deepEqual(content, new Map(expected));
        await booted.journal.close();
        await booted.store.close();
      }
    }));

  it('does not start where nobody has what is missing, and tries again at the next start', () =>
    inTemporaryDirectory(async (parent) => {
      const [directory, healthy] = [join(parent, 'a'), join(parent, 'b')];
      const solo = await leaveHome(directory, true);
      await leaveHome(healthy, true);
      await damageHome(directory, 'a block');
      for (let at = 0; at < 2; at++) {
        assert.equal(await refusal(repairIn(directory, peersWith(undefined))), 'WAGGLE_REPAIR_SOURCE');
        assert.ok(isMarkedDamaged(pathsIn(directory).ledger));
      }
      const booted = await repairIn(directory, peersWith(healthy));
      assert.deepEqual(booted.replica.executed, solo.replica.executed);
      await booted.journal.close();
      await booted.store.close();
    }));

  it('goes on wherever it was interrupted', () =>
    inTemporaryDirectory(async (parent) => {
      const [home, healthy] = [join(parent, 'a'), join(parent, 'b')];
      const solo = await leaveHome(home, true);
      await leaveHome(healthy, true);
      await damageHome(home, 'marked');
      const steps: ((ledger: string) => Promise<void>)[] = [
        async (ledger) => void (await mkdir(join(ledger, 'db.new'))),
        (ledger) => rename(join(ledger, 'db'), join(ledger, 'db.old')),
        async (ledger) => {
          await rename(join(ledger, 'db'), join(ledger, 'db.old'));
          await cp(join(pathsIn(healthy).ledger, 'db'), join(ledger, 'db'), { recursive: true });
        },
      ];
      for (const [at, step] of steps.entries()) {
        const directory = join(parent, `step${at}`);
        await cp(home, directory, { recursive: true });
        await step(pathsIn(directory).ledger);
        const booted = await repairIn(directory, peersWith(undefined));
        assert.deepEqual(booted.replica.executed, solo.replica.executed, `step ${at}`);
        assert.equal(existsSync(join(pathsIn(directory).ledger, 'db.old')), false);
        await booted.journal.close();
        await booted.store.close();
      }
    }));

  it('never passes over a journal that is lost, older than the ledger, or of another past', () =>
    inTemporaryDirectory(async (parent) => {
      const lost = join(parent, 'lost');
      await leaveHome(lost, false);
      await damageHome(lost, 'a row');
      await rm(pathsIn(lost).journal, { recursive: true });
      for (const options of [{}, { repair: true }, {}]) {
        assert.equal(await refusal(repairIn(lost, peersWith(undefined), options)), 'WAGGLE_BOOT_ROLLBACK');
      }
      const older = join(parent, 'older');
      await leaveHome(older, false);
      await rm(pathsIn(older).journal, { recursive: true });
      const { journal, records } = await openJournal(pathsIn(older).journal);
      await collect(records);
      await journal.close();
      await damageHome(older, 'a row');
      assert.equal(await refusal(repairIn(older, peersWith(undefined))), 'WAGGLE_BOOT_ROLLBACK');
    }));

  it('does not repair what fails for another reason', () =>
    inTemporaryDirectory(async (directory) => {
      await leaveHome(directory, false);
      await rm(join(pathsIn(directory).ledger, 'db'), { recursive: true });
      assert.equal(await refusal(repairIn(directory, peersWith(undefined))), 'WAGGLE_STORE_MISSING');
      assert.equal(isMarkedDamaged(pathsIn(directory).ledger), false);
    }));
});

async function damageHome(directory: string, damage: string): Promise<void> {
  const { ledger } = pathsIn(directory);
  if (damage === 'all of it') return rm(join(ledger, 'db'), { recursive: true });
  if (damage === 'marked') return markDamaged(ledger, 'test');
  if (damage === 'asked for') return;
  await withLevel(directory, async (level) => {
    const prefix = { 'a row': PREFIXES.row, 'a segment': PREFIXES.segment, 'an anchor': PREFIXES.meta }[damage];
    const start = prefix === undefined ? blockKey(2) : prefix === PREFIXES.row ? FIRST_ROW : Uint8Array.of(prefix);
    const [entry] = await level.iterator({ gte: start, limit: 1 }).all();
    assert.ok(entry !== undefined);
    const [key, value] = entry;
    if (damage === 'a row') return level.del(key);
    const flipped = value.slice();
    flipped[value.length - 1] = (flipped.at(-1) ?? 0) ^ 1;
    await level.put(key, flipped);
  });
  // Boot reads rows and the last blocks; a scrub would have marked the others.
  const isSeen = await boot(SOLO_CONFIG, SOLO_GENESIS, pathsIn(directory), OPTIONS).then(
    async ({ journal, store }) => {
      await journal.close();
      await store.close();
      return false;
    },
    () => true,
  );
  if (!isSeen) await markDamaged(ledger, 'test');
}
