import type { Replica } from '../../consensus/replica-state.ts';
import type { Hash } from '../../protocol/hash.ts';
import type { EpochProof } from '../../protocol/receipt/epoch-proof.ts';
import { createRoster, type Roster, type Validator } from '../../protocol/roster.ts';
import type { LedgerReader } from './ledger-reader.ts';

/** The name of a validator by its index in the epoch of a block. */
export type NameAt = (height: number, author: number) => string;

interface Term {
  readonly epoch: number;
  /** Blocks above this one are of the epoch. */
  readonly sealedHeight: number;
  readonly validators: readonly Validator[];
}

/** Which roster was in office at which block: what was signed and sealed then is by its indices. */
export class Rosters {
  readonly #chain: Hash;
  /** Ascending. */
  readonly #terms: Term[];

  constructor(chain: Hash, genesis: readonly Validator[]) {
    this.#chain = chain;
    this.#terms = [{ epoch: 0, sealedHeight: 0, validators: genesis }];
  }

  /** From what the ledger keeps of ended epochs, up to the one the replica is in. */
  async load(reader: Pick<LedgerReader, 'epochEnd'>, { config, executed }: Replica): Promise<void> {
    for (let epoch = 0; epoch < config.roster.epoch; epoch++) {
      const proof = await reader.epochEnd(epoch);
      if (proof !== undefined) this.addProof(proof);
    }
    if (this.#find(config.roster.epoch) === undefined) {
      // It began on a snapshot: what is below is not here, and neither is what it was signed by.
      this.add(config.roster.epoch, executed.height, config.roster.validators);
    }
  }

  addProof({ seal: { block } }: EpochProof): void {
    if (block.reconfig !== undefined) this.add(block.epoch + 1, block.height, block.reconfig.epoch.validators);
  }

  add(epoch: number, sealedHeight: number, validators: readonly Validator[]): void {
    if (this.#find(epoch) !== undefined) return;
    this.#terms.push({ epoch, sealedHeight, validators });
    this.#terms.sort((a, b) => a.epoch - b.epoch);
  }

  /** Undefined for an epoch this node knows nothing of. */
  of(epoch: number): Roster | undefined {
    const term = this.#find(epoch);
    return term && createRoster(this.#chain, epoch, term.validators);
  }

  nameAt: NameAt = (height, author) => {
    const term = this.#terms.findLast(({ sealedHeight }) => height > sealedHeight) ?? this.#terms[0];
    return term?.validators[author]?.name ?? String(author);
  };

  #find(epoch: number): Term | undefined {
    return this.#terms.find((term) => term.epoch === epoch);
  }
}
