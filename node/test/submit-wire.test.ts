import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ITEM_KINDS } from '../../protocol/chain/segment.ts';
import { codeOf } from '../../protocol/errors.ts';
import {
  decodeSubmit,
  decodeSubmitAnswer,
  encodeSubmit,
  encodeSubmitAnswer,
  SUBMIT_ITEMS_MAX,
  SUBMIT_STATUS,
} from '../driver/submit-wire.ts';

const item = fc
  .tuple(fc.constantFrom(...Object.values(ITEM_KINDS)), fc.uint8Array({ maxLength: 200 }))
  .map(([kind, bytes]) => ({ kind, bytes }));

test('requests and answers come back as they were', () =>
  fc.assert(
    fc.property(
      fc.array(item, { minLength: 1, maxLength: 20 }),
      fc.array(fc.constantFrom(...SUBMIT_STATUS), { maxLength: 20 }),
      (items, statuses) => {
        assert.deepEqual(decodeSubmit(encodeSubmit(items)), items);
        assert.deepEqual(decodeSubmitAnswer(encodeSubmitAnswer(statuses), statuses.length), statuses);
      },
    ),
  ));

test('any other bytes are refused with a code', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(4), (bytes, count) => {
      for (const decode of [() => decodeSubmit(bytes), () => decodeSubmitAnswer(bytes, count)]) {
        try {
          decode();
        } catch (error) {
          assert.notEqual(codeOf(error), undefined);
        }
      }
    }),
  ));

test('too many items, none, a foreign kind, a foreign version, and bytes behind', () => {
  const many = Array.from({ length: SUBMIT_ITEMS_MAX + 1 }, () => ({
    kind: ITEM_KINDS.ballot,
    bytes: new Uint8Array(),
  }));
  const good = encodeSubmit([{ kind: ITEM_KINDS.ballot, bytes: Uint8Array.of(1) }]);
  const bad = [encodeSubmit(many), encodeSubmit([]), good.with(3, 9), good.with(0, 2), Uint8Array.of(...good, 0)];
  for (const bytes of bad)
    assert.throws(
      () => decodeSubmit(bytes),
      (error) => codeOf(error) !== undefined,
    );
});
