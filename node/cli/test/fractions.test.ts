import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decimal } from '../fractions.ts';

test('a fraction is rounded half up from its exact value', () => {
  assert.equal(decimal({ num: 185, den: 3 }), '61.7');
  assert.equal(decimal({ num: 1, den: 20 }), '0.1');
  assert.equal(decimal({ num: 1249, den: 10000 }), '0.1');
  assert.equal(decimal({ num: 800, den: 10 }), '80.0');
  assert.equal(decimal({ num: 55, den: 1 }, 0), '55');
  assert.equal(decimal({ num: 3, den: 2 }, 0), '2');
});
