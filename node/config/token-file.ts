import { readFileSync } from 'node:fs';
import { loadTokenHashes, parseTokenHashes, type StoredTokenHash, tokenHashesPath } from './tokens.ts';

const LOOK_AGAIN_MS = 1_000;
const NONE: readonly StoredTokenHash[] = [];

export interface TokenFileOptions {
  /** Milliseconds that never go back. */
  readonly monotonicMs?: () => number;
  /** Told once when the file cannot be used any more, with why. */
  readonly onFault?: (reason: string) => void;
}

/**
 * The tokens of a node as they are now: the file is read again when somebody asks, at most once a second, so that a token
 * taken back is dead within that time, without a signal or a restart. A file that cannot be read lets nobody in.
 */
export class TokenFile {
  readonly #path: string;
  readonly #monotonicMs: () => number;
  readonly #onFault: (reason: string) => void;
  #text: string | undefined;
  #hashes: readonly StoredTokenHash[];
  #readMs: number;

  private constructor(directory: string, hashes: readonly StoredTokenHash[], options: TokenFileOptions) {
    this.#path = tokenHashesPath(directory);
    this.#monotonicMs = options.monotonicMs ?? (() => performance.now());
    this.#onFault = options.onFault ?? (() => undefined);
    this.#hashes = hashes;
    this.#readMs = this.#monotonicMs();
  }

  /** @throws WaggleError WAGGLE_CONFIG_TOKENS {path, reason}: at its start a node refuses what it cannot read */
  static async open(directory: string, options: TokenFileOptions = {}): Promise<TokenFile> {
    return new TokenFile(directory, await loadTokenHashes(directory), options);
  }

  /** The same list until the file changed. */
  current(): readonly StoredTokenHash[] {
    const nowMs = this.#monotonicMs();
    if (nowMs - this.#readMs >= LOOK_AGAIN_MS) {
      this.#readMs = nowMs;
      this.#read();
    }
    return this.#hashes;
  }

  /** Synchronous: some hundred bytes, and the answer to a call depends on them. */
  #read(): void {
    try {
      const text = readFileSync(this.#path, 'utf8');
      if (text === this.#text) return;
      this.#text = text;
      const hashes = parseTokenHashes(text);
      if (hashes === undefined) this.#onFault('form');
      this.#hashes = hashes ?? NONE;
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      if (this.#hashes !== NONE && code !== 'ENOENT') this.#onFault(code);
      this.#text = undefined;
      this.#hashes = NONE;
    }
  }
}
