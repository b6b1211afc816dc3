/** Bytes in the chunks they arrived in, taken from the front. Nothing is joined before all of it is there. */
export class ByteQueue {
  readonly #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are taken. */
  #offset = 0;
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.#byteLength += chunk.byteLength;
  }

  /** The first bytes, as a big-endian number. Only called with bytes ≤ byteLength, as all below. */
  peekNumber(bytes: number): number {
    let [value, seen, at] = [0, 0, this.#offset];
    for (const chunk of this.#chunks) {
      for (; seen < bytes && at < chunk.byteLength; at += 1, seen += 1) value = value * 256 + (chunk[at] ?? 0);
      if (seen === bytes) break;
      at = 0;
    }
    return value;
  }

  skip(bytes: number): void {
    this.#byteLength -= bytes;
    let end = this.#offset + bytes;
    let used = 0;
    for (const chunk of this.#chunks) {
      if (end < chunk.byteLength) break;
      end -= chunk.byteLength;
      used += 1;
    }
    // Once for all of them: of a long list, each removal moves the rest.
    if (used > 0) this.#chunks.splice(0, used);
    this.#offset = end;
  }

  /** Takes the first bytes: where they lie when they came in one chunk, else a copy. */
  take(bytes: number): Uint8Array {
    const [first] = this.#chunks;
    const end = this.#offset + bytes;
    if (first === undefined || end > first.byteLength) return this.takeCopy(bytes);
    const view = first.subarray(this.#offset, end);
    this.skip(bytes);
    return view;
  }

  takeCopy(bytes: number): Uint8Array {
    const out = new Uint8Array(bytes);
    let [filled, at] = [0, this.#offset];
    for (const chunk of this.#chunks) {
      if (filled === bytes) break;
      const part = chunk.subarray(at, at + bytes - filled);
      out.set(part, filled);
      filled += part.byteLength;
      at = 0;
    }
    this.skip(bytes);
    return out;
  }
}
