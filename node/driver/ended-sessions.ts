import type { ExecutedBlock } from '../../consensus/types.ts';
import { forgetElectors } from '../../protocol/governance/lookups.ts';
import { isEnded } from '../../protocol/governance/queries.ts';
import { headKey } from '../../protocol/governance/row-keys.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';

/**
 * Keeps memory to what open sessions need: once a session has ended no rule reads its heads, so they stay in the ledger alone
 * (decision 015). Which sessions that holds for is said here, since a snapshot must bring their heads from there.
 */
export class EndedSessions {
  readonly #state: () => GovernanceState;
  readonly #archived = new Set<string>();
  readonly #due = new Set<string>();

  /** The state was read from the ledger just now: of sessions ended by then it has no heads (`restoreStored`). */
  constructor(state: () => GovernanceState) {
    this.#state = state;
    this.restored();
  }

  /** The state was replaced by one that was read from the ledger. */
  restored(): void {
    this.#due.clear();
    this.#archived.clear();
    for (const [key, row] of this.#state().sessions.entries()) if (isEnded(row)) this.#archived.add(key);
  }

  /** To be told once what the block changed is on its way to the ledger. */
  executed({ touched }: Pick<ExecutedBlock, 'touched'>): void {
    for (const key of touched.find(({ table }) => table === 'sessions')?.keys ?? []) {
      const row = this.#state().sessions.get(key);
      if (row !== undefined && isEnded(row) && !this.#archived.has(key)) this.#due.add(key);
    }
  }

  /** Give up what may be, whole sessions; nothing while a snapshot is made. To be called now and then. */
  tick(): void {
    const { heads, sessions } = this.#state();
    if (!heads.mayArchive) return;
    for (const key of this.#due) {
      const row = sessions.get(key);
      if (row === undefined) continue;
      for (const { voter } of row.electorate) heads.archive(headKey(row.space, row.session, voter));
      forgetElectors(row.electorate);
      this.#archived.add(key);
    }
    this.#due.clear();
  }

  /** What the keys of archived heads begin with, in the order of the keys. */
  archived(): string[] {
    return [...this.#archived].map((key) => `${key}/`).sort();
  }
}
