import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Input } from '../../consensus/types.ts';
import { ITEM_KINDS } from '../../protocol/chain/segment.ts';
import { InputQueue } from '../driver/input-queue.ts';

function message(from: number, height: number): Input {
  return { kind: 'message', from, message: { kind: 'fetch-final', from: height } };
}

/** `from:height` of messages, the kind of everything else. */
function names(inputs: readonly Input[]): string[] {
  return inputs.map((input) =>
    input.kind === 'message' && input.message.kind === 'fetch-final'
      ? `${input.from}:${input.message.from}`
      : input.kind,
  );
}

describe('input queue', () => {
  it('takes own inputs first, then one of each peer in turn, each in its order', () => {
    const queue = new InputQueue(3);
    for (let height = 0; height < 3; height++) queue.push(message(0, height));
    queue.push(message(2, 0));
    queue.push({ kind: 'start' });
    queue.push({ kind: 'tick' });
    queue.push({ kind: 'tick' });
    const taken = names(queue.take(100));
    assert.deepEqual(taken.slice(0, 2), ['tick', 'start']);
    assert.deepEqual(
      taken.filter((name) => name.startsWith('0:')),
      ['0:0', '0:1', '0:2'],
    );
    assert.ok(taken.indexOf('2:0') < taken.indexOf('0:1'), 'a busy peer does not hold back another');
    assert.equal(queue.length, 0);
  });

  it('leaves most of a turn to peers however much clients submit, and fills what they leave', () => {
    const queue = new InputQueue(2);
    for (let at = 0; at < 400; at++) queue.push({ kind: 'synced' });
    for (let height = 0; height < 100; height++) queue.push(message(1, height));
    const taken = names(queue.take(100));
    assert.equal(taken.filter((name) => name.startsWith('1:')).length, 75);
    assert.equal(queue.take(100).length, 100);
  });

  it('drops what is over a peer’s share, and nothing of another', () => {
    const queue = new InputQueue(2);
    let taken = 0;
    while (queue.push(message(0, taken)) && taken < 100_000) taken += 1;
    assert.equal(taken, 4_096);
    assert.equal(queue.push(message(1, 0)), true);
    assert.equal(queue.push(message(7, 0)), false, 'nobody of that index');
    assert.equal(queue.take(10).length, 10);
    assert.equal(queue.push(message(0, taken)), true, 'room again');
  });

  it('gives everything back in order over many small takes', () => {
    const queue = new InputQueue(1);
    const seen: string[] = [];
    let next = 0;
    for (let round = 0; round < 1_000; round++) {
      for (let more = 0; more < 7; more++) if (queue.push(message(0, next))) next += 1;
      seen.push(...names(queue.take(5)));
    }
    while (queue.length > 0) seen.push(...names(queue.take(64)));
    assert.deepEqual(
      seen,
      Array.from({ length: next }, (_, height) => `0:${height}`),
    );
  });

  it('forgets the messages of an epoch that is over, and keeps items where they go in the next', () => {
    const queue = new InputQueue(4);
    for (let from = 0; from < 4; from++) queue.push(message(from, 1));
    for (const id of [1, 2]) {
      const item = { kind: ITEM_KINDS.ballot, bytes: Uint8Array.of(id) };
      queue.push({ kind: 'submit', shard: 1, item, id: new Uint8Array(32).fill(id) });
    }
    queue.push({ kind: 'start' });
    queue.push({ kind: 'tick' });
    queue.beginEpoch(({ bytes }) => 6 + (bytes[0] ?? 0));
    assert.equal(queue.length, 4);
    assert.equal(queue.push(message(1, 5)), true);
    const taken = queue.take(10);
    assert.deepEqual(names(taken).toSorted(), ['1:5', 'start', 'submit', 'submit', 'tick']);
    assert.deepEqual(
      taken.flatMap((input) => (input.kind === 'submit' ? [[input.id[0], input.shard]] : [])),
      [
        [1, 7],
        [2, 8],
      ],
    );
  });
});
