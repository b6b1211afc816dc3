import { WaggleError } from '../../../protocol/errors.ts';
import { ByteQueue } from '../byte-queue.ts';

/** Frames on every stream: u32 big-endian length, then that many bytes. A length of zero is refused. */
export const FRAME_HEAD_BYTES = 4;

/** Frame several payloads into one buffer, so that one turn's frames cost one write. */
export function encodeFrames(payloads: readonly Uint8Array[]): Uint8Array {
  let totalBytes = 0;
  for (const payload of payloads) totalBytes += FRAME_HEAD_BYTES + payload.byteLength;
  const out = new Uint8Array(totalBytes);
  const view = new DataView(out.buffer);
  let offset = 0;
  for (const payload of payloads) {
    view.setUint32(offset, payload.byteLength);
    out.set(payload, offset + FRAME_HEAD_BYTES);
    offset += FRAME_HEAD_BYTES + payload.byteLength;
  }
  return out;
}

/**
 * Cuts a byte stream into frames. Holds what arrived and never allocates for what a header merely announces,
 * so a lying length costs its sender the bytes. Each frame is a copy: keeping one does not keep its neighbours.
 */
export class FrameDecoder {
  readonly #frameBytesMax: number;
  readonly #held = new ByteQueue();

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /**
   * Take one chunk and return the frames it completes.
   * @throws WaggleError WAGGLE_NETWORK_FRAME_OVERSIZE, WAGGLE_NETWORK_FRAME_EMPTY; the decoder must not be used again
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    const held = this.#held;
    held.push(chunk);
    while (held.byteLength >= FRAME_HEAD_BYTES) {
      const length = held.peekNumber(FRAME_HEAD_BYTES);
      if (length === 0) throw new WaggleError('WAGGLE_NETWORK_FRAME_EMPTY');
      if (length > this.#frameBytesMax) {
        throw new WaggleError('WAGGLE_NETWORK_FRAME_OVERSIZE', { bytes: length, bytesMax: this.#frameBytesMax });
      }
      if (held.byteLength < FRAME_HEAD_BYTES + length) return;
      held.skip(FRAME_HEAD_BYTES);
      yield held.takeCopy(length);
    }
  }

  /**
   * The stream ended.
   * @throws WaggleError WAGGLE_NETWORK_FRAME_TRUNCATED when it ended inside a frame
   */
  end(): void {
    const bytes = this.#held.byteLength;
    if (bytes > 0) throw new WaggleError('WAGGLE_NETWORK_FRAME_TRUNCATED', { bytes });
  }
}

/** it-pipe transform: chunks of bytes to frames. Throws as FrameDecoder does. */
export function unframe(frameBytesMax: number) {
  return async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    const decoder = new FrameDecoder(frameBytesMax);
    for await (const chunk of source) yield* decoder.push(chunk);
    decoder.end();
  };
}

/**
 * it-pipe transform: payloads to framed bytes.
 * @throws WaggleError WAGGLE_NETWORK_FRAME_OVERSIZE, WAGGLE_NETWORK_FRAME_EMPTY for a payload no peer would take
 */
export function frame(frameBytesMax: number) {
  return async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const payload of source) {
      if (payload.byteLength === 0) throw new WaggleError('WAGGLE_NETWORK_FRAME_EMPTY');
      if (payload.byteLength > frameBytesMax) {
        throw new WaggleError('WAGGLE_NETWORK_FRAME_OVERSIZE', { bytes: payload.byteLength, bytesMax: frameBytesMax });
      }
      yield encodeFrames([payload]);
    }
  };
}
