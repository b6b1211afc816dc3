import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { WaggleError } from '../../protocol/errors.ts';

/** How a passphrase becomes a key: scrypt (RFC 7914). Numbers of a file are bounded before anything is computed. */
export interface KdfFacts {
  readonly name: 'scrypt';
  readonly n: number;
  readonly r: number;
  readonly p: number;
  /** 16 bytes. */
  readonly salt: Uint8Array;
}

export interface Sealed {
  /** 12 bytes, never used twice under one key. */
  readonly nonce: Uint8Array;
  readonly bytes: Uint8Array;
  /** 16 bytes; covers the header as well. */
  readonly tag: Uint8Array;
}

/** N = 2¹⁷, r = 8: 128 MiB and about half a second, once for all keys of a home. */
const COST = { n: 2 ** 17, r: 8, p: 1 } as const;
const MEMORY_BYTES_MAX = 512 * 1024 * 1024;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const KEY_BYTES = 32;
const CIPHER = 'aes-256-gcm';

/**
 * A passphrase at work. What it derives is kept for as long as this object is, by salt: the keys of one home share one,
 * so that opening the home costs one derivation. Printed in any way it says "[secret]".
 */
export class KeyLock {
  readonly #passphrase: Uint8Array;
  readonly #derived = new Map<string, Promise<Uint8Array>>();
  #salt: Uint8Array | undefined;

  constructor(passphrase: Uint8Array) {
    this.#passphrase = passphrase;
  }

  /** The same passphrase without a salt yet: for a file that leaves this home, which must not tell where it comes from. */
  apart(): KeyLock {
    return new KeyLock(this.#passphrase);
  }

  /** What new keys are sealed under: the salt of the first key that was opened, else a new one. */
  kdf(): KdfFacts {
    this.#salt ??= randomBytes(SALT_BYTES);
    return { name: 'scrypt', ...COST, salt: this.#salt };
  }

  /** @throws WaggleError WAGGLE_KEY_KDF: no parameters this build works with */
  async seal(secret: Uint8Array, header: (nonce: Uint8Array) => Uint8Array, kdf = this.kdf()): Promise<Sealed> {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, await this.#derive(kdf), nonce);
    cipher.setAAD(header(nonce));
    const bytes = Buffer.concat([cipher.update(secret), cipher.final()]);
    return { nonce, bytes, tag: cipher.getAuthTag() };
  }

  /** Undefined when the passphrase, or a byte of header or content, is another. @throws WaggleError WAGGLE_KEY_KDF */
  async open(sealed: Sealed, header: Uint8Array, kdf: KdfFacts): Promise<Uint8Array | undefined> {
    const decipher = createDecipheriv(CIPHER, await this.#derive(kdf), sealed.nonce, { authTagLength: 16 });
    decipher.setAAD(header);
    decipher.setAuthTag(sealed.tag);
    try {
      const secret = new Uint8Array(Buffer.concat([decipher.update(sealed.bytes), decipher.final()]));
      this.#salt ??= kdf.salt;
      return secret;
    } catch {
      return undefined;
    }
  }

  #derive({ n, r, p, salt }: KdfFacts): Promise<Uint8Array> {
    const isSane = Number.isInteger(Math.log2(n)) && n >= 2 ** 14 && r >= 1 && r <= 16 && p >= 1 && p <= 4;
    if (!isSane || 128 * n * r > MEMORY_BYTES_MAX) throw new WaggleError('WAGGLE_KEY_KDF', { n, r, p });
    const key = `${n} ${r} ${p} ${Buffer.from(salt).toString('hex')}`;
    const known = this.#derived.get(key);
    if (known !== undefined) return known;
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    const options = { N: n, r, p, maxmem: 2 * MEMORY_BYTES_MAX };
    scrypt(this.#passphrase, salt, KEY_BYTES, options, (error, bytes) => (error ? reject(error) : resolve(bytes)));
    this.#derived.set(key, promise);
    return promise;
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}
