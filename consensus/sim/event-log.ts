import { sha256 } from '../../protocol/crypto/sha256.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';

const CHUNK_LENGTH = 32_768;

/** Everything that happened, one line an event, chained into one hash: two runs are the same iff their hashes are. */
export class EventLog {
  readonly #encoder = new TextEncoder();
  readonly #print: ((line: string) => void) | undefined;
  #hash: Uint8Array = ZERO_HASH;
  #chunk = '';
  count = 0;

  constructor(print?: (line: string) => void) {
    this.#print = print;
  }

  note(line: string): void {
    this.count += 1;
    this.#chunk += `${line}\n`;
    if (this.#chunk.length >= CHUNK_LENGTH) this.#flush();
    this.#print?.(line);
  }

  /** Hex of the hash over all lines so far. */
  digest(): string {
    this.#flush();
    return toHex(this.#hash);
  }

  #flush(): void {
    if (this.#chunk === '') return;
    this.#hash = sha256(this.#hash, this.#encoder.encode(this.#chunk));
    this.#chunk = '';
  }
}
