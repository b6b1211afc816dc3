import type { Replica } from '../../consensus/replica-state.ts';
import type { Input } from '../../consensus/types.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { type Identity, loadNextKey } from '../config/identity.ts';
import type { HomePaths } from '../storage/home.ts';
import type { KeyLock } from '../storage/key-lock.ts';

export interface KeyWatchParts {
  readonly replica: Replica;
  readonly paths: Pick<HomePaths, 'operatorKey' | 'validatorKey'>;
  readonly role: Identity['role'];
  readonly lock?: KeyLock | undefined;
  readonly push: (input: Input) => boolean;
  readonly log: { warn(facts: Readonly<Record<string, unknown>>): void };
}

/** A change may wait for a key that was put into the home after the start; what it says is asked again and again (G-02). */
export class KeyWatch {
  readonly #parts: KeyWatchParts;

  constructor(parts: KeyWatchParts) {
    this.#parts = parts;
  }

  /** Take the next key, where there is one by now, and have the replica look at what waits for it. */
  async look(): Promise<void> {
    const { replica, paths, role, lock, push, log } = this.#parts;
    try {
      const key = await loadNextKey(paths, role, lock);
      const { keyring } = replica.config;
      if (key === undefined || keyring?.some(({ publicKey }) => hashesEqual(publicKey, key.publicKey)) !== false)
        return;
      keyring.push(key);
      push({ kind: 'tick' });
    } catch (error) {
      log.warn({ event: 'key.unusable', err: error });
    }
  }
}
