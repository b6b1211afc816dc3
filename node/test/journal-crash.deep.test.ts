import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Journal, type JournalPosition, type JournalRecord, openJournal } from '../storage/journal.ts';
import { MemoryJournalFs, systemError } from './memory-journal-fs.ts';

const DIRECTORY = '/journal';
const FILE_BYTES_MAX = 2_500;
const SEED = 20261124;

type Step =
  | { readonly kind: 'append'; readonly lengths: readonly number[]; readonly cutAfter: number | undefined }
  | { readonly kind: 'prune'; readonly back: number; readonly cutAfter: number | undefined }
  | { readonly kind: 'reopen' };

/** A journal, and beside it the plain list it has to equal. */
class World {
  fs = new MemoryJournalFs();
  journal: Journal | undefined;
  /** Acknowledged, oldest first, with the file each stands in. */
  known: { record: JournalRecord; file: number }[] = [];
  /** Files from this one on are needed. */
  needed = 1;
  #made = 0;
  readonly #pick: (n: number) => number;
  readonly #dies: 'power' | 'process';

  /** `dies`: what goes at a cut. A process takes nothing with it that was written, and the power may go right after. */
  constructor(pick: (n: number) => number, dies: 'power' | 'process' = 'power') {
    this.#pick = pick;
    this.#dies = dies;
  }

  /** Reads all; what stands there is the acknowledged list and at most a first part of `unsure`. */
  async open(unsure: readonly JournalRecord[] = []): Promise<Journal> {
    const opened = await openJournal(DIRECTORY, { fs: this.fs, fileBytesMax: FILE_BYTES_MAX });
    const found: { record: JournalRecord; file: number }[] = [];
    for await (const { type, bytes, position } of opened.records)
      found.push({ record: { type, bytes }, file: position.file });
    const known = this.known.filter(({ file }) => file >= this.needed);
    const all = [...this.known.map(({ record }) => record), ...unsure];
    const start = all.length - unsure.length - known.length;
    const from = found.length === 0 ? start : all.findIndex(({ bytes }) => same(bytes, found[0]?.record.bytes));
    assert.ok(from >= 0 && from <= start, 'nothing needed is missing at the front');
    assert.ok(found.length >= this.known.length - from, 'nothing acknowledged is missing at the end');
    assert.deepEqual(
      found.map(({ record }) => record),
      all.slice(from, from + found.length),
    );
    this.known = found;
    this.journal = opened.journal;
    return opened.journal;
  }

  async step(step: Step): Promise<void> {
    const journal = this.journal ?? (await this.open());
    if (step.kind === 'reopen') {
      await journal.close();
      await this.open();
    } else if (step.kind === 'append') {
      const records = step.lengths.map((length) => this.#record(length));
      await this.#untilCut(step.cutAfter, records, async () => {
        await journal.append(records);
        const { file } = journal.position();
        this.known.push(...records.map((record) => ({ record, file })));
      });
    } else {
      const position: JournalPosition = { file: Math.max(1, journal.position().file - step.back), offset: 0 };
      this.needed = Math.max(this.needed, position.file);
      await this.#untilCut(step.cutAfter, [], () => journal.pruneBefore(position));
    }
  }

  /** Power goes at the `cutAfter`th change to the disk, if the operation comes so far. */
  async #untilCut(
    cutAfter: number | undefined,
    unsure: JournalRecord[],
    operation: () => Promise<void>,
  ): Promise<void> {
    let left = cutAfter ?? Number.POSITIVE_INFINITY;
    this.fs.onCall = () => {
      if (left-- <= 0) throw systemError('EIO');
    };
    try {
      await operation();
      this.fs.onCall = () => undefined;
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'WAGGLE_JOURNAL_SYNC');
      this.fs.onCall = () => undefined;
      if (this.#dies === 'process') await this.open(unsure);
      this.fs = this.fs.cutPower(this.#pick);
      await this.open(this.#dies === 'process' ? [] : unsure);
    }
  }

  #record(lengthBytes: number): JournalRecord {
    const number = ++this.#made;
    const bytes = new Uint8Array(4 + lengthBytes).map((_, at) => 1 + ((number * 31 + at * 7) % 255));
    new DataView(bytes.buffer).setUint32(0, number);
    return { type: number % 250, bytes };
  }
}

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** A stream of draws from one seed. */
function picker(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const cutAfter = fc.option(fc.nat(12), { nil: undefined });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      lengths: fc.array(fc.oneof(fc.nat(40), fc.nat(3_000)), { minLength: 1, maxLength: 5 }),
      cutAfter,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prune' as const), back: fc.nat(3), cutAfter }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen' as const) }) },
);

describe('journal under power cuts', () => {
  it('equals a plain list, whatever is appended, pruned, reopened and cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), fc.integer(), async (steps, seed) => {
        const world = new World(picker(seed), seed % 2 === 0 ? 'power' : 'process');
        for (const one of steps) await world.step(one);
        await world.journal?.close();
        await world.open();
      }),
      { seed: SEED, numRuns: 400 },
    );
  });

  it('survives a cut at every change to the disk of a run with rotation and pruning', async () => {
    const script: Step[] = Array.from({ length: 10 }, (_, at) => ({
      kind: 'append' as const,
      lengths: [100, 900, at * 10],
      cutAfter: undefined,
    }));
    script.splice(8, 0, { kind: 'prune', back: 1, cutAfter: undefined });
    for (let at = 0; at < script.length; at++) {
      for (let cut = 0; cut < 10; cut++) {
        for (let seed = 0; seed < 6; seed++) {
          const world = new World(picker(seed * 7919 + cut), seed % 2 === 0 ? 'power' : 'process');
          for (const [index, one] of script.entries()) {
            const withCut = index === at && one.kind !== 'reopen' ? { ...one, cutAfter: cut } : one;
            await world.step(withCut);
          }
          await world.journal?.close();
          await world.open();
        }
      }
    }
  });
});
