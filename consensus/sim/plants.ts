import type { HashedBlock } from '../../protocol/chain/block.ts';
import { validatorIndex } from '../../protocol/roster.ts';
import { Leftovers } from '../chains/leftovers.ts';
import type { Replica } from '../replica-state.ts';
import type { Effects, FetchRequest, JournalEntry, Message, Now } from '../types.ts';

/** A bug put into every honest node, to see that the checkers find it. */
export interface Plant {
  /** What the campaign must say: the name of the invariant, or how it begins. */
  readonly shows: RegExp;
  /** Records that a restart does not bring back. */
  readonly forgets?: (entry: JournalEntry) => boolean;
  /** Messages leave before what they promise is synced. */
  readonly sendsEarly?: boolean;
  /** Ballots are called accepted before their segment is synced. */
  readonly tellsEarly?: boolean;
  /** Messages that never leave. */
  readonly swallows?: (message: Message) => boolean;
  /** Requests that get no answer. */
  readonly refuses?: (request: FetchRequest) => boolean;
  /** The node takes every signature for good. */
  readonly believes?: (self: number) => boolean;
  /** The journal of the epoch before is read into the next. */
  readonly keepsJournal?: boolean;
  readonly afterBegin?: (replica: Replica) => void;
  /** A node with a new disk starts as if it were its first day. */
  readonly ignoresAmnesia?: boolean;
  readonly afterRestore?: (replica: Replica) => void;
  readonly afterStep?: (replica: Replica, effects: Effects, now: Now) => void;
}

/** Or the node stops by itself, when others show it what it signed (F-02). */
const orStops = (shows: RegExp): RegExp => new RegExp(`${shows.source}|^node says a signature of this node`);

/** Each is one line or one missing line of production code, as found in other systems (consensus.md 5). */
export const PLANTS: ReadonlyMap<string, Plant> = new Map<string, Plant>([
  // A restart forgets what was notarized, so a view may see a second vote or a second block of one signer.
  ['double-notarize', { shows: orStops(/^S8 one notarize a view/), forgets: ({ kind }) => kind === 'notarize' }],
  ['forget-nullify', { shows: orStops(/^S8 never nullify and finalize/), forgets: ({ kind }) => kind === 'nullify' }],
  ['forget-finalize', { shows: orStops(/^S8 never nullify and finalize/), forgets: isOfFinalize }],
  ['no-journal', { shows: orStops(/^S8 one (?:notarize|segment) a/), sendsEarly: true }],
  // The guard is gone by the time a late notarization arrives (ava-labs/Simplex #280).
  ['finalize-after-nullify', { shows: /^S8 never nullify and finalize/, afterStep: forgetNullifies }],
  // A segment sealed before a crash is sealed again, with other contents.
  ['forget-segments', { shows: /^S8 one segment a height/, forgets: ({ kind }) => kind === 'segment' }],
  // Own votes do not come back into the own aggregator: q nodes that crash at once are one short for ever (#4275).
  ['own-votes-lost', { shows: /^liveness after healing/, afterRestore: (replica) => void replica.unsynced.splice(0) }],
  ['no-fence', { shows: orStops(/^S8 /), ignoresAmnesia: true }],
  ['accept-before-sync', { shows: /^liveness after healing: accepted and not final/, tellsEarly: true }],
  ['lose-a-vote', { shows: /^S11 equal execution/, afterStep: loseVote }],
  // All nodes alike: no comparison between nodes can show it, only a recount.
  ['count-twice', { shows: /^(?:tally|result)/, afterStep: countTwice }],
  ['close-by-own-clock', { shows: /^S11 equal execution/, afterStep: closeByClock }],
  ['believe-everybody', { shows: /^S[1-8]|^(?:node says|liveness)/, believes: () => true }],
  ['never-fetch', { shows: /^liveness after healing/, swallows: ({ kind }) => kind.startsWith('fetch-') }],
  ['never-answer', { shows: /^liveness after healing/, refuses: () => true }],
  ['never-say-again', { shows: /^liveness after healing/, afterStep: neverAgain }],
  ['mute-for-ever', { shows: /^liveness after healing/, afterStep: muteSilent }],
  ['keep-relays', { shows: /^A3 table sizes/, afterStep: keepRelays }],
  // A journal of the epoch before is read into the next (ava-labs/Simplex #551).
  ['old-journal', { shows: /^S|^node says|^no input throws|^liveness/, keepsJournal: true }],
  // Empty blocks above the last one of an epoch are taken for blocks of the ledger (ava-labs/Simplex #545).
  ['reuse-heights', { shows: /^S1 agreement|^S2 prefix|^S10|^S12|^no input throws/, afterStep: executeTail }],
  // The roster that ended goes on deciding what a quorum is.
  ['old-quorum', { shows: /^S|^liveness after healing|^node says/, afterBegin: keepQuorum }],
  // What an epoch left over is forgotten with its segments.
  ['forget-leftovers', { shows: /^liveness after healing: accepted and not final/, afterBegin: forgetLeftovers }],
  ['never-sleep', { shows: /^(?:V4 idle means asleep|no world spins)/, afterStep: wakeAtOnce }],
]);

/** An own finalize, and the notarization it rests on (D-04). */
function isOfFinalize(entry: JournalEntry): boolean {
  return entry.kind === 'finalize' || (entry.kind === 'certificate' && entry.certificate.kind === 'notarize');
}

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

const DOUBLED = new WeakSet<object>();

function countTwice(replica: Replica): void {
  for (const [key, row] of replica.state.tallies.entries()) {
    if (row.n !== 3 || DOUBLED.has(row)) continue;
    const doubled = { ...row, n: row.n + 1 };
    DOUBLED.add(doubled);
    replica.state.tallies.restore(key, doubled);
  }
}

/** The deadline is judged by the node's clock, not by block time. */
function closeByClock(replica: Replica, _effects: Effects, { wallMs }: Now): void {
  for (const [key, row] of replica.state.sessions.entries()) {
    const isOver = row.closesAtMs !== undefined && row.closesAtMs < wallMs;
    if (row.status === 'active' && isOver) replica.state.sessions.restore(key, { ...row, status: 'completed' });
  }
}

/** Nothing that was said once is said again: the retries of a stuck view do not leave. */
function neverAgain(replica: Replica): void {
  replica.clock.retryAtMs = Number.MAX_SAFE_INTEGER;
}

/** A peer that was silent for a second is never listened to again. */
function muteSilent(replica: Replica, _effects: Effects, { monoMs }: Now): void {
  for (const peer of replica.peers) {
    if (peer.heardAtMs > 0 && monoMs > peer.heardAtMs + 1_500) peer.mutedUntilMs = Number.MAX_SAFE_INTEGER;
  }
}

function keepRelays(replica: Replica): void {
  const [first] = replica.relays;
  if (first !== undefined) replica.relays.push({ ...first, atMs: Number.MAX_SAFE_INTEGER });
}

function wakeAtOnce(_replica: Replica, effects: Effects, { monoMs }: Now): void {
  effects.wakeAtMs = monoMs + 1;
}

function executeTail({ seal, executions }: Replica): void {
  const last = executions.at(-1);
  const [first] = seal?.tail ?? [];
  if (last === undefined || first === undefined || last.block.block.reconfig === undefined) return;
  const { height, view, timeMs } = first.block;
  const node = { ...last.node, hash: first.hash, height, view, timeMs, block: first };
  // As a node does that has not looked where the epoch ends: the block that ended it is one among others.
  executions.splice(-1, 1, { ...last, block: withoutEnd(last.block) }, { node, block: first, certificate: undefined });
}

function withoutEnd(block: HashedBlock): HashedBlock {
  const { reconfig: _, ...rest } = block.block;
  return { ...block, block: rest };
}

/** A copy of the old roster under the new epoch's number, for all that counts and verifies. */
function keepQuorum(replica: Replica): void {
  const { config } = replica;
  const { rosterBefore } = config;
  if (rosterBefore === undefined) return;
  const roster = { ...config.roster, validators: rosterBefore.validators, order: rosterBefore.order };
  const key = config.roster.validators[config.self ?? -1]?.key;
  const self = key === undefined ? undefined : validatorIndex(roster, key);
  Object.assign(replica, { config: { ...config, roster, self: self === -1 ? undefined : self } });
}

function forgetLeftovers(replica: Replica): void {
  Object.assign(replica, { leftovers: new Leftovers() });
}
