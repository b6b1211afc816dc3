import type { Replica } from '../replica-state.ts';
import type { Effects, JournalEntry } from '../types.ts';

/** A bug put into every honest node, to see that the checkers find it. */
export interface Plant {
  /** Records that a restart does not bring back. */
  readonly forgets?: (entry: JournalEntry) => boolean;
  /** Messages leave before what they promise is synced. */
  readonly sendsEarly?: boolean;
  readonly afterStep?: (replica: Replica, effects: Effects) => void;
}

export const PLANTS: ReadonlyMap<string, Plant> = new Map<string, Plant>([
  // A restart forgets what was notarized, so a view may see a second vote or a second block of one signer.
  ['double-notarize', { forgets: ({ kind }) => kind === 'notarize' }],
  ['forget-nullify', { forgets: ({ kind }) => kind === 'nullify' }],
  ['no-journal', { sendsEarly: true }],
  // The guard is gone by the time a late notarization arrives (ava-labs/Simplex #280).
  ['finalize-after-nullify', { afterStep: forgetNullifies }],
  // A segment sealed before a crash is sealed again, with other contents.
  ['forget-segments', { forgets: ({ kind }) => kind === 'segment' }],
  ['lose-a-vote', { afterStep: loseVote }],
]);

function forgetNullifies(replica: Replica): void {
  for (const { view, own } of replica.views.ascending()) if (view < replica.view) own.delete('nullify');
}

/** One node counts one vote too few: its roots differ from everybody's. */
function loseVote(replica: Replica): void {
  if (replica.config.self !== 0) return;
  for (const [key, row] of replica.state.tallies.entries()) {
    if (row.n > 0) replica.state.tallies.restore(key, { ...row, n: row.n - 1 });
  }
}
