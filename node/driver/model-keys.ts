import type { KeyPair } from '../../protocol/crypto/keys.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { isId } from '../../protocol/ids.ts';
import type { KeyLock } from '../storage/key-lock.ts';
import { keyFacts, loadKey, modelKeyFiles, modelKeyPaths, modelSubject } from '../storage/keystore.ts';

/** A key file that cannot be used, by the code of why. */
export interface UnusableKey {
  readonly model: string;
  readonly code: string;
}

export interface ModelKeysParts {
  /** Of `<model>.key` files. */
  readonly directory: string;
  readonly lock: KeyLock | undefined;
  /** The key the registry has for a model now. */
  readonly registered: (model: string) => Uint8Array | undefined;
  /** Told once for each reason a key cannot be used. */
  readonly onUnusable: (key: UnusableKey) => void;
}

/**
 * The keys of the models that this home has. One that cannot be opened keeps no other from its work: the node says so, in
 * its log and to whoever votes, and looks again at the next ballot.
 */
export class ModelKeys {
  readonly #parts: ModelKeysParts;
  readonly #opened = new Map<string, KeyPair>();
  /** At most one for each model of the registry or file of the home. */
  readonly #faults = new Map<string, string>();

  constructor(parts: ModelKeysParts) {
    this.#parts = parts;
  }

  /**
   * The key the registry knows for a model, if this home has it: the current one, or the next during a rotation. Read when
   * it is first asked for and again when the registry has another: one made while the node runs is found too.
   */
  async get(model: string): Promise<KeyPair | undefined> {
    const wanted = this.#parts.registered(model);
    // An id has no slash and no leading dot, so it names a file in the directory and no other.
    if (wanted === undefined || !isId(model)) return undefined;
    const opened = this.#opened.get(model);
    if (opened !== undefined && hashesEqual(opened.publicKey, wanted)) return opened;
    const key = await this.#try(model, (facts) => hashesEqual(facts.publicKey, wanted));
    if (key !== undefined) this.#opened.set(model, key);
    return key;
  }

  /** Why the key file of a model could not be used when it was last needed: a code. */
  fault(model: string): string | undefined {
    return this.#faults.get(model);
  }

  /** Open every key once, so that what is wrong is known before somebody votes. */
  async check(): Promise<void> {
    const names = await modelKeyFiles(this.#parts.directory).catch((): string[] => []);
    for (const name of names) await this.#try(name, () => true);
  }

  async #try(model: string, isWanted: (facts: { publicKey: Uint8Array }) => boolean): Promise<KeyPair | undefined> {
    try {
      const key = await this.#open(model, isWanted);
      this.#faults.delete(model);
      return key;
    } catch (error) {
      const code = codeOf(error) ?? (error as NodeJS.ErrnoException).code ?? 'unknown';
      if (this.#faults.get(model) !== code) this.#parts.onUnusable({ model, code });
      this.#faults.set(model, code);
      return undefined;
    }
  }

  async #open(model: string, isWanted: (facts: { publicKey: Uint8Array }) => boolean): Promise<KeyPair | undefined> {
    const { directory, lock } = this.#parts;
    if (!isId(model)) throw new WaggleError('WAGGLE_KEY_NAME');
    const { current, next } = modelKeyPaths(directory, model);
    let fault: unknown;
    for (const path of [current, next]) {
      try {
        const facts = await keyFacts(path);
        if (facts === undefined || !isWanted(facts)) continue;
        return await loadKey(path, modelSubject(model), lock);
      } catch (error) {
        // The other file may be the one.
        fault ??= error;
      }
    }
    if (fault !== undefined) throw fault;
    return undefined;
  }
}
