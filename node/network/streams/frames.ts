import { WaggleError } from '../../../protocol/errors.ts';

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
  #chunks: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /**
   * Take one chunk and return the frames it completes.
   * @throws WaggleError WAGGLE_NETWORK_FRAME_OVERSIZE, WAGGLE_NETWORK_FRAME_EMPTY; the decoder must not be used again
   */
  *push(chunk: Uint8Array): Generator<Uint8Array, void, undefined> {
    if (chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.byteLength;
    while (this.#heldBytes >= FRAME_HEAD_BYTES) {
      const length = this.#peekLength();
      if (length === 0) throw new WaggleError('WAGGLE_NETWORK_FRAME_EMPTY');
      if (length > this.#frameBytesMax) {
        throw new WaggleError('WAGGLE_NETWORK_FRAME_OVERSIZE', { bytes: length, bytesMax: this.#frameBytesMax });
      }
      if (this.#heldBytes < FRAME_HEAD_BYTES + length) return;
      this.#take(FRAME_HEAD_BYTES);
      yield this.#take(length);
    }
  }

  /**
   * The stream ended.
   * @throws WaggleError WAGGLE_NETWORK_FRAME_TRUNCATED when it ended inside a frame
   */
  end(): void {
    if (this.#heldBytes > 0) throw new WaggleError('WAGGLE_NETWORK_FRAME_TRUNCATED', { bytes: this.#heldBytes });
  }

  #peekLength(): number {
    let length = 0;
    let seen = 0;
    for (const chunk of this.#chunks) {
      for (const byte of chunk.subarray(0, FRAME_HEAD_BYTES - seen)) {
        length = length * 256 + byte;
        seen += 1;
      }
      if (seen === FRAME_HEAD_BYTES) break;
    }
    return length;
  }

  /** Only called with bytes ≤ heldBytes. */
  #take(bytes: number): Uint8Array {
    const out = new Uint8Array(bytes);
    let filled = 0;
    let used = 0;
    while (filled < bytes) {
      const chunk = this.#chunks[used];
      if (chunk === undefined) break;
      const part = chunk.subarray(0, bytes - filled);
      out.set(part, filled);
      filled += part.byteLength;
      if (part.byteLength === chunk.byteLength) used += 1;
      else this.#chunks[used] = chunk.subarray(part.byteLength);
    }
    if (used > 0) this.#chunks = this.#chunks.slice(used);
    this.#heldBytes -= bytes;
    return out;
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
