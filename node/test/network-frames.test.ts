import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { codeOf } from '../../protocol/errors.ts';
import { encodeFrames, FrameDecoder } from '../network/streams/frames.ts';
import { framed } from './harness/networks.ts';

const SEED = 20261124;
const payloads = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 });

/** Feed `bytes` in pieces of the given lengths, the rest at once. */
function decode(decoder: FrameDecoder, bytes: Uint8Array, lengths: readonly number[]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let offset = 0;
  for (const length of lengths) {
    frames.push(...decoder.push(bytes.subarray(offset, offset + length)));
    offset = Math.min(bytes.byteLength, offset + length);
  }
  frames.push(...decoder.push(bytes.subarray(offset)));
  return frames;
}

function codeThrown(run: () => unknown): string | undefined {
  try {
    run();
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

describe('frames', () => {
  it('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(payloads, fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }), (frames, lengths) => {
        const decoder = new FrameDecoder(300);
        assert.deepEqual(decode(decoder, encodeFrames(frames), lengths), frames);
        decoder.end();
      }),
      { seed: SEED },
    );
  });

  it('do not share memory with the chunk they came in', () => {
    const chunk = framed(new Uint8Array([1, 2, 3]));
    const [frame] = decode(new FrameDecoder(10), chunk, []);
    chunk.fill(0);
    assert.deepEqual(frame, new Uint8Array([1, 2, 3]));
  });

  it('are refused when oversize, before their bytes arrive', () => {
    const head = framed(new Uint8Array(0), 0xffffffff);
    assert.equal(
      codeThrown(() => decode(new FrameDecoder(300), head, [2])),
      'WAGGLE_NETWORK_FRAME_OVERSIZE',
    );
    assert.equal(
      codeThrown(() => decode(new FrameDecoder(300), framed(new Uint8Array(300)), [])),
      undefined,
    );
    assert.equal(
      codeThrown(() => decode(new FrameDecoder(300), framed(new Uint8Array(301)), [])),
      'WAGGLE_NETWORK_FRAME_OVERSIZE',
    );
  });

  it('are refused when empty or cut short', () => {
    assert.equal(
      codeThrown(() => decode(new FrameDecoder(300), framed(new Uint8Array(0)), [])),
      'WAGGLE_NETWORK_FRAME_EMPTY',
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 13 }), (length) => {
        const decoder = new FrameDecoder(300);
        decode(decoder, framed(new Uint8Array(10)).subarray(0, length), []);
        assert.equal(
          codeThrown(() => decoder.end()),
          'WAGGLE_NETWORK_FRAME_TRUNCATED',
        );
      }),
      { seed: SEED },
    );
  });

  it('of garbage end in frames or a typed error, never in anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => {
        try {
          const decoder = new FrameDecoder(64);
          for (const frame of decode(decoder, bytes, [7, 1])) assert(frame.byteLength >= 1 && frame.byteLength <= 64);
          decoder.end();
        } catch (error) {
          assert.match(codeOf(error) ?? '', /^WAGGLE_NETWORK_FRAME_/);
        }
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});
