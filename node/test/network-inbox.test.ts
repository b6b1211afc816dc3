import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf } from '../../protocol/errors.ts';
import { Counters } from '../network/counters.ts';
import { FrameInbox } from '../network/streams/frame-inbox.ts';
import { encodeFrames } from '../network/streams/frames.ts';
import { readStream } from '../network/streams/streams.ts';
import { FakeStream } from './harness/fake-stream.ts';

/** How many of `frames` frames of one chunk, each of so long by the clock, are handled in each turn of the event loop. */
async function framesByTurn(frames: number, frameMs: number): Promise<number[]> {
  const counts = [0];
  let nowMs = 0;
  const onFrame = () => {
    nowMs += frameMs;
    counts.push((counts.pop() ?? 0) + 1);
  };
  const inbox = new FrameInbox(1_024, onFrame, new Counters(), () => nowMs);
  const stream = new FakeStream();
  let isRead = false;
  const nextTurn = () => {
    if (isRead) return;
    counts.push(0);
    setImmediate(nextTurn);
  };
  setImmediate(nextTurn);
  const reading = inbox.accept('v1', stream.asStream);
  stream.receive(encodeFrames(Array.from({ length: frames }, () => Uint8Array.of(1))));
  stream.finish();
  await reading;
  isRead = true;
  return counts.filter((count) => count > 0);
}

test('frames of one peer leave a turn to others after so many', async () => {
  assert.deepEqual(await framesByTurn(300, 0), [128, 128, 44]);
});

test('…and after so long: a segment may cost milliseconds to judge, whoever signed it', async () => {
  assert.deepEqual(await framesByTurn(7, 4), [2, 2, 2, 1]);
  assert.deepEqual(await framesByTurn(3, 10), [1, 1, 1]);
});

test('credit that cannot be given any more ends the stream, not the process', async () => {
  const stream = new FakeStream(new Error('the muxer is closed'));
  const chunks = readStream(stream.asStream, { creditsRarely: true });
  const chunk = new Uint8Array(64 * 1024);
  stream.receive(chunk);
  assert.equal(stream.resumes, 1);
  assert.deepEqual(await chunks.next(), { done: false, value: chunk });
  stream.lose();
  await assert.rejects(chunks.next(), (error) => codeOf(error) === 'WAGGLE_NETWORK_STREAM_RESET');
});
