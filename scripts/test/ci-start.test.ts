import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultIn } from '../ci-start.ts';

const GOOD = {
  chain: 'ab',
  nodes: 4,
  validators: 4,
  shards: 4,
  session: 'demo',
  ballots: 10,
  counted: 10,
  finalMsP50: 20,
  finalMsP99: 60,
  receiptsVerified: 10,
  resultsAgree: true,
};
const line = (change: object = {}): string => `> waggle start\nvoting …\n${JSON.stringify({ ...GOOD, ...change })}\n`;

test('a last line that says all counted and agreed is good', () => {
  assert.equal(faultIn(line()), undefined);
});

/** Each is a demonstration that must not pass, and a word of why. */
const FAULTS: readonly (readonly [output: string, why: RegExp])[] = [
  [line({ counted: 9 }), /9 of 10/],
  [line({ counted: 11 }), /11 of 10/],
  [line({ counted: '10' }), /counted/],
  [line({ ballots: 0, counted: 0 }), /0 ballots/],
  [line({ ballots: null, counted: null }), /null ballots/],
  [line({ ballots: 1.5, counted: 1.5 }), /1\.5 ballots/],
  [line({ resultsAgree: false }), /differ/],
  [line({ resultsAgree: 'true' }), /differ/],
  [line({ receiptsVerified: undefined }), /lacks receiptsVerified/],
  [`${line()}done\n`, /not JSON/],
  ['', /not JSON/],
  ['[]\n', /no JSON object/],
  ['null\n', /no JSON object/],
];

for (const [output, why] of FAULTS) {
  test(`a demonstration that ends with ${output.trimEnd().split('\n').at(-1)?.slice(-60)} fails`, () => {
    assert.match(faultIn(output) ?? 'no fault', why);
  });
}
