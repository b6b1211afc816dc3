import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { codeOf } from '../../protocol/errors.ts';
import type { Booted } from '../driver/boot.ts';
import { scrubStore } from '../driver/scrub.ts';
import { PREFIXES } from '../storage/keys.ts';
import { markDamaged } from '../storage/ledger-files.ts';
import type { LedgerStore } from '../storage/ledger-store.ts';
import { expectedContent, leaveHome, pathsIn, peersWith, repairIn, withLevel } from './solo-home.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

/** Of each kind of file; WAGGLE_FLIPS=40 for the figures of reliability.md 2.2. */
const ROUNDS = Number(process.env.WAGGLE_FLIPS ?? 10);
const SEED = 20261129;

/** A stream of draws from one seed. */
function picker(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

async function flipIn(directory: string, kind: RegExp, pick: (n: number) => number): Promise<string> {
  const db = join(pathsIn(directory).ledger, 'db');
  const names = (await readdir(db)).filter((name) => kind.test(name)).sort();
  const sized = await Promise.all(names.map(async (name) => ({ name, bytes: await readFile(join(db, name)) })));
  const filled = sized.filter(({ bytes }) => bytes.length > 0);
  const one = filled[pick(filled.length)];
  assert.ok(one !== undefined, `a file like ${kind}`);
  const at = pick(one.bytes.length);
  one.bytes[at] = (one.bytes[at] ?? 0) ^ (1 << pick(8));
  await writeFile(join(db, one.name), one.bytes);
  return `${one.name} byte ${at}`;
}

/** Every record of the whole ledger, asked for by its key: rightly told, refused, or not there; never another. */
async function readEach(store: LedgerStore, whole: ReadonlyMap<string, string>, label: string): Promise<void> {
  for (const [name, value] of whole) {
    const [prefix = '', key = ''] = name.split(' ');
    const bytes = Buffer.concat([Buffer.from([Number(prefix)]), Buffer.from(key, 'hex')]);
    const read = store.get(new Uint8Array(bytes) as Parameters<LedgerStore['get']>[0]);
    const found = await read.catch((error: unknown) => String(codeOf(error)));
    if (typeof found === 'string') assert.match(found, /^WAGGLE_STORE_(DAMAGED|FAILED)$/, label);
    else if (found !== undefined) assert.equal(Buffer.from(found).toString('hex'), value, label);
  }
}

async function close({ journal, store }: Booted): Promise<void> {
  await journal.close();
  await store.close();
}

interface Tally {
  atBoot: number;
  byScrub: number;
  byOperator: number;
  noEffect: number;
}

/** Start as a node and its operator would, until it runs on a ledger that a scrub finds whole. */
async function recover(
  directory: string,
  healthy: string,
  whole: ReadonlyMap<string, string>,
  label: string,
): Promise<keyof Tally> {
  let found: keyof Tally = 'noEffect';
  for (let start = 0; start < 3; start++) {
    const events: string[] = [];
    const options = found === 'byOperator' ? { repair: true } : {};
    const booted = await repairIn(directory, peersWith(healthy), options, events).catch((error: unknown) => {
      // The daemon ended with 74, and its last line says to repair.
      assert.match(codeOf(error) ?? String(error), /^WAGGLE_STORE_(FAILED|MISSING)$/, label);
      return undefined;
    });
    if (booted === undefined) {
      found = 'byOperator';
      continue;
    }
    if (events.length > 0 && found === 'noEffect') found = 'atBoot';
    await readEach(booted.store, whole, label);
    const scrub = await scrubStore(booted.store, async () => undefined).catch(() => undefined);
    await close(booted);
    if (scrub?.findings.length === 0) return found;
    if (found === 'noEffect') found = 'byScrub';
    markDamaged(pathsIn(directory).ledger, 'scrub');
  }
  assert.fail(`${label}: still damaged`);
}

describe('a flipped bit in a file of the ledger', () => {
  for (const [at, [name, kind]] of Object.entries({
    tables: /\.ldb$/,
    log: /\.log$/,
    MANIFEST: /^MANIFEST/,
    CURRENT: /^CURRENT$/,
  }).entries()) {
    it(`${name}: gives no wrong bytes, is found, and what is made anew equals a healthy ledger`, () =>
      inTemporaryDirectory(async (parent) => {
        const [home, healthy] = [join(parent, 'home'), join(parent, 'healthy')];
        await leaveHome(healthy, true);
        await leaveHome(home, true);
        // Of a copy: LevelDB moves what stands in its log to a table when it opens.
        const copy = join(parent, 'copy');
        await cp(home, copy, { recursive: true });
        const whole = await expectedContent(copy);
        const certificates = [...whole.keys()].filter((key) => key.startsWith(`${PREFIXES.certificate} `));
        const last = certificates.sort().at(-1);
        // Half of it in tables, as after a while.
        if (name === 'tables' || name === 'MANIFEST') {
          await withLevel(home, (level) => level.compactRange(Uint8Array.of(0), Uint8Array.of(255)));
        }
        const pick = picker(SEED + at);
        const tally: Tally = { atBoot: 0, byScrub: 0, byOperator: 0, noEffect: 0 };
        for (let round = 0; round < ROUNDS; round++) {
          const directory = join(parent, 'flipped');
          await cp(home, directory, { recursive: true });
          const label = `round ${round}: ${await flipIn(directory, kind, pick)}`;
          tally[await recover(directory, healthy, whole, label)] += 1;
          const content = await expectedContent(directory);
          for (const [key, value] of whole) {
            // Signatures under checkpoints are this node's own and come from nowhere else. A block without a finalization of
            // its own is final by that of a descendant.
            const isSpare = certificates.includes(key) && key !== last;
            if ((isSpare || key.startsWith(`${PREFIXES.checkpoint} `)) && !content.has(key)) continue;
            assert.equal(content.get(key), value, `${label}: ${key}`);
          }
          assert.ok(content.size <= whole.size, label);
          await rm(directory, { recursive: true });
        }
        process.stderr.write(`${name}: ${JSON.stringify(tally)}\n`);
        assert.ok(tally.atBoot + tally.byScrub + tally.byOperator > 0);
      }));
  }
});
