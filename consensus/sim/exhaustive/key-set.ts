/** A set of whole numbers below 2⁵³, in one flat array: a fifth of the memory of a Set. Open addressing, no deletion. */
export class KeySet {
  #slots: Float64Array;
  #size = 0;

  constructor(capacityLog2 = 16) {
    this.#slots = new Float64Array(2 ** capacityLog2).fill(EMPTY);
  }

  get size(): number {
    return this.#size;
  }

  /** True when it was not there. */
  add(key: number): boolean {
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    if (!insert(this.#slots, key)) return false;
    this.#size += 1;
    return true;
  }

  #grow(): void {
    const larger = new Float64Array(this.#slots.length * 2).fill(EMPTY);
    for (const key of this.#slots) if (key !== EMPTY) insert(larger, key);
    this.#slots = larger;
  }
}

const EMPTY = -1;

function insert(slots: Float64Array, key: number): boolean {
  const mask = slots.length - 1;
  const [low, high] = [key >>> 0, Math.floor(key / 0x1_0000_0000)];
  let at = (Math.imul(low, 0x9e37_79b1) ^ Math.imul(high, 0x85eb_ca6b)) >>> 0;
  at = (at ^ (at >>> 15)) & mask;
  for (; slots[at] !== EMPTY; at = (at + 1) & mask) if (slots[at] === key) return false;
  slots[at] = key;
  return true;
}
