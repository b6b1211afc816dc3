import { WaggleError } from '../../../protocol/errors.ts';
import { ByteQueue } from '../byte-queue.ts';

/** A Noise message is its length, u16 big-endian, then that many bytes. */
const LENGTH_BYTES = 2;
/** As the library's own. One message and what came in one turn is all that is ever held. */
const HELD_BYTES_MAX = 16 * 1024 * 1024;

/** Bytes as the library hands them up: one chunk, or several behind one another. */
interface Bytes {
  subarray(): Uint8Array;
}

/** What the library's decrypting connection cuts messages with, as far as it is used here. */
interface Decoder {
  readonly buffer: { readonly byteLength: number };
  decode(bytes: Bytes): Iterable<Uint8Array>;
}

/**
 * Cuts the bytes of a connection into Noise messages. In place of the library's decoder, which learns from an error thrown and
 * caught that no message is left, for every chunk: its stack costs more than to decrypt a vote.
 */
export class NoiseMessages {
  readonly #held = new ByteQueue();

  /** A message is taken before it is handed on: the library may come back in between. */
  *decode(bytes: Bytes): Generator<Uint8Array, void, undefined> {
    const held = this.#held;
    held.push(bytes.subarray());
    if (held.byteLength > HELD_BYTES_MAX) {
      throw new WaggleError('WAGGLE_NETWORK_FRAME_OVERSIZE', { bytes: held.byteLength, bytesMax: HELD_BYTES_MAX });
    }
    while (held.byteLength >= LENGTH_BYTES) {
      const length = held.peekNumber(LENGTH_BYTES);
      if (held.byteLength < LENGTH_BYTES + length) return;
      held.skip(LENGTH_BYTES);
      if (length > 0) yield held.take(length);
    }
  }
}

/** Give a connection just secured such a decoder, unless it is made otherwise than ours knows, or has bytes waiting. */
export function decodeWithoutErrors(connection: object): void {
  if (!('decoder' in connection) || !isDecoder(connection.decoder)) return;
  if (connection.decoder.buffer.byteLength > 0) return;
  const messages = new NoiseMessages();
  connection.decoder.decode = (bytes) => messages.decode(bytes);
}

function isDecoder(value: unknown): value is Decoder {
  if (typeof value !== 'object' || value === null) return false;
  const { buffer, decode } = value as Partial<Decoder>;
  return typeof decode === 'function' && typeof buffer?.byteLength === 'number';
}
