import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { Random } from '../../consensus/sim/random.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { installAllocationWatch, takeLargest } from '../fuzz/allocation-watch.ts';
import { nameRegression, parseRegressions, runCampaign, runRegressions } from '../fuzz/campaign.ts';
import { checkDecoded, refusalOf } from '../fuzz/check-decoded.ts';
import { mutate } from '../fuzz/mutate.ts';
import { FuzzFault } from '../fuzz/tally.ts';

/*
 * The share of the fuzzing that every run of the tests does: `npm run fuzz -- --messages 1000000` is the long one. A
 * fault prints its line for scripts/testdata/fuzz.txt.
 */

const SEED = 20_261_129;
const MESSAGES = 8_000;
const REGRESSIONS = readFileSync(new URL('../testdata/fuzz.txt', import.meta.url), 'utf8');

test('no message of a stranger does anything but be taken or refused by its reason', async (t) => {
  try {
    const tally = await runCampaign({ messages: MESSAGES, seed: SEED });
    t.diagnostic(`\n${tally.table()}`);
    assert.ok(tally.messages >= MESSAGES);
    for (const [protocol, { messages, refused }] of tally.byProtocol) {
      assert.ok(refused > 0 && refused <= messages, `${protocol}: nothing was refused`);
    }
    assert.ok(tally.byProtocol.size >= 11, [...tally.byProtocol.keys()].join());
  } catch (error) {
    if (error instanceof FuzzFault) console.error(nameRegression(error));
    throw error;
  }
});

test('messages that were faults once are none any more', async () => {
  await runRegressions(parseRegressions(REGRESSIONS), 1);
});

test('the same seed makes the same messages', async () => {
  const make = (): number[] => [...mutate(new Random(7), new Uint8Array(90).fill(1), new Uint8Array(50).fill(2))];
  assert.deepEqual(make(), make());
  const run = async () => [...(await runCampaign({ messages: 600, seed: 3 })).byProtocol].map(([, { taken }]) => taken);
  assert.deepEqual(await run(), await run());
});

test('mutations stay bounded, whatever they start from', () =>
  fc.assert(
    fc.property(fc.nat(), fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (seed, one, other) => {
      const before = one.slice();
      assert.ok(mutate(new Random(seed), one, other).length <= 256 * 1024);
      assert.deepEqual(one, before, 'the recorded message is not touched');
    }),
  ));

test('what was allocated by a length is seen', () => {
  installAllocationWatch();
  takeLargest();
  for (const make of [
    () => new Uint8Array(70_001),
    () => new Array(70_001),
    () => Buffer.alloc(70_001),
    () => Array.from({ length: 70_001 }),
    () => new ArrayBuffer(70_001),
  ]) {
    make();
    assert.equal(takeLargest(), 70_001);
  }
  assert.equal([1, 2].length, 2);
  assert.equal(takeLargest(), 0);
});

test('what a decoder made by itself, and a number that is none, are seen', () => {
  const bytes = new Uint8Array(100);
  checkDecoded({ view: 1, hash: bytes.subarray(2, 90), id: new Uint8Array(32), list: [1] }, bytes);
  assert.throws(() => checkDecoded({ body: new Uint8Array(65) }, bytes));
  assert.throws(() => checkDecoded([new Array(101).fill(0)], bytes));
  assert.throws(() => checkDecoded({ view: 2 ** 53 }, bytes));
  assert.throws(() => checkDecoded({ view: Number.NaN }, bytes));
});

test('only typed refusals are refusals', () => {
  assert.equal(refusalOf(new WaggleError('WAGGLE_CODEC_SHORT')), 'WAGGLE_CODEC_SHORT');
  for (const error of [new RangeError('x'), new TypeError('x'), new WaggleError('WAGGLE_INVARIANT'), 'text']) {
    assert.throws(() => refusalOf(error));
  }
});

test('a fault is kept as one line', async () => {
  const fault = new FuzzFault('sync requests', Uint8Array.of(6, 255), new RangeError('x'));
  const text = `# a comment\n${nameRegression(fault)} asserted\nno line: at all\n`;
  assert.deepEqual(parseRegressions(text), [{ protocol: 'sync requests', bytes: Uint8Array.of(6, 255) }]);
  await assert.rejects(runRegressions([{ protocol: 'nothing', bytes: Uint8Array.of(1) }], 1));
});
