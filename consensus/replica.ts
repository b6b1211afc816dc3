import { assert } from '../protocol/assert.ts';
import type { ConsensusVote, VoteKind } from '../protocol/certificate.ts';
import type { Segment } from '../protocol/chain/segment.ts';
import type { GovernanceState } from '../protocol/governance/state.ts';
import { admit } from './admit.ts';
import { type BatchPolicy, FIXED_BATCHES, Pool } from './batching/pool.ts';
import { Authors, sealBatches, takeSealed } from './chains/author.ts';
import { feedLeftovers, idOf, Leftovers } from './chains/leftovers.ts';
import { promiseSegments } from './chains/promises.ts';
import { askRestart, forgetRestarts, maySeal, rememberRestart, settleStanding } from './chains/restart.ts';
import { readStandings } from './chains/standings.ts';
import { VoteChains } from './chains/vote-chains.ts';
import { isAwaitingState } from './epoch-place.ts';
import { forgetEvidence, keepEvidence } from './evidence.ts';
import { Checkpoints } from './execution/checkpoints.ts';
import { createAgenda, tellDeadlines } from './execution/due.ts';
import { executeNext } from './execution/execute.ts';
import { tellReady } from './execution/ready.ts';
import { freezeSnapshot, Snapshots } from './execution/snapshots.ts';
import { Outbox } from './outbox.ts';
import type { PeerState, Replica, Turn } from './replica-state.ts';
import { settleFence } from './simplex/fence.ts';
import { createFence, fenceEntry } from './simplex/fence-state.ts';
import { Fetches } from './simplex/fetches.ts';
import { noteUnfinal, resolveFinalizations } from './simplex/finality.ts';
import { beat, fetchKnown, relayCertificates, retry, sendFetches } from './simplex/recovery.ts';
import { armTimers, enterView, finalizeNotarized, notarize, nullify, propose } from './simplex/rules.ts';
import { type BlockNode, BlockTree } from './simplex/tree.ts';
import { Views } from './simplex/views.ts';
import { assembleCertificates, keepCertificate, recordVote } from './simplex/votes.ts';
import { flushAtMs } from './simplex/work.ts';
import type { Anchor, Effects, Input, JournalEntry, Now, ReplicaConfig } from './types.ts';

/** A replica that starts from an executed block and the state after it; `restore` and an input `start` follow. */
export function createReplica(
  config: ReplicaConfig,
  state: GovernanceState,
  anchor: Anchor,
  batches: BatchPolicy = FIXED_BATCHES,
): Replica {
  const n = config.roster.validators.length;
  const chains = new VoteChains(config.shards, n);
  const authors = new Authors(config.shards);
  for (const { shard, author, height, tip } of anchor.cut) {
    chains.of(shard, author).execute({ height, tip });
    if (author === config.self) authors.advance(shard, { height, tip });
  }
  const standings = readStandings(anchor.standings);
  const cut = chains.advance(new Map(), anchor.cut);
  for (const standing of anchor.standings) settleStanding({ chains, authors, config }, standing, cut);
  const root: BlockNode = { ...anchor, cut, standings, sealed: false, block: undefined };
  return {
    config,
    state,
    chains,
    authors,
    pool: new Pool(config.shards, batches),
    leftovers: new Leftovers(),
    views: new Views(),
    tree: new BlockTree(chains, root),
    fetches: new Fetches(FETCHES_MAX),
    checkpoints: new Checkpoints(),
    snapshots: new Snapshots(),
    peers: config.roster.validators.map(createPeer),
    clock: { enteredAtMs: 0, armedAtMs: undefined, late: false, retryAtMs: Number.MAX_SAFE_INTEGER },
    view: anchor.view + 1,
    finalView: anchor.view,
    finalHeight: anchor.height,
    finalization: undefined,
    executed: anchor,
    started: false,
    violated: false,
    unsynced: [],
    dirty: new Set(),
    unresolved: new Map(),
    seal: undefined,
    executions: [],
    proposedAtMs: Number.MIN_SAFE_INTEGER,
    notarizedAtMs: Number.MIN_SAFE_INTEGER,
    statusAtMs: 0,
    statusSentAtMs: 0,
    relays: [],
    deadlinesTold: new Map(),
    agenda: createAgenda(),
    readyTold: undefined,
    accused: new Set(),
    evidence: new Map(),
    ownRestarts: new Map(),
    fence: undefined,
    wantedBlocks: new Map(),
    unfinalSinceMs: undefined,
  };
}

/** Wishes of the rules themselves: bounded by what a few views can name. */
const FETCHES_MAX = 4_096;
/** Claims of one peer that are followed at a time: a liar occupies no more than its own few. */
const CLAIMS_MAX = 8;

function createPeer(): PeerState {
  return {
    heardAtMs: 0,
    status: undefined,
    view: 0,
    askedAtMs: 0,
    pushedAtMs: 0,
    mutedUntilMs: 0,
    prunedHeight: 0,
    claims: new Fetches(CLAIMS_MAX),
  };
}

/**
 * Replay one journal record, oldest first, before `start` (D-03): own votes come back into the own aggregator and are
 * never signed again, certificates come back into what is served, segments into their chains.
 */
export function restore(replica: Replica, entry: JournalEntry): void {
  assert(!replica.started, 'the journal is replayed before the start');
  switch (entry.kind) {
    case 'segment':
      restoreSegment(replica, entry.segment);
      break;
    case 'block':
      replica.tree.add(entry.block);
      break;
    case 'certificate':
      keepCertificate(replica, entry.certificate);
      break;
    case 'notarize':
      replica.tree.add(entry.block);
      if (entry.block.block.proposer === replica.config.self) {
        const proposal = { kind: 'propose', block: entry.block, signature: entry.vote.signature } as const;
        replica.views.at(entry.vote.view).proposal = proposal;
      }
      restoreVote(replica, entry.vote);
      break;
    case 'finalize':
      keepCertificate(replica, entry.notarization);
      restoreVote(replica, entry.vote);
      break;
    case 'nullify':
      restoreVote(replica, entry.vote);
      break;
    case 'leftover':
      replica.leftovers.keep({ shard: entry.shard, item: entry.item, id: idOf(entry.item) });
      break;
    case 'fence':
      replica.fence = createFence(entry.view, NO_NONCE, entry.isInherited);
      if (entry.view === undefined) forgetRestarts(replica);
      break;
    case 'evidence':
      keepEvidence(replica, entry.evidence);
      rememberRestart(replica, entry.evidence);
      break;
  }
}

function restoreVote(replica: Replica, vote: ConsensusVote): void {
  replica.views.at(vote.view).own.set(vote.kind, vote);
  replica.unsynced.push(vote);
}

function restoreSegment(replica: Replica, segment: Segment): void {
  const { shard, author } = segment.header;
  if (author === replica.config.self) {
    replica.authors.restore(segment);
    replica.leftovers.sealed(segment);
  }
  replica.chains.find(shard, author)?.restore(segment);
}

/** The one transition (rules: consensus/README.md). Total: no input of a peer makes it throw. */
export function step(replica: Replica, input: Input, now: Now): Effects {
  return stepAll(replica, [input], now);
}

/**
 * The inputs of one turn, in order, as if they came at the same time. What only brings something to look at is looked at
 * together with what follows it, and time and wishes once, when all is known: nobody is sent what the rest of the turn
 * shows to be there already.
 */
export function stepAll(replica: Replica, inputs: readonly Input[], now: Now): Effects {
  const out = new Outbox();
  const turn: Turn = { replica, now, out };
  for (const [at, input] of inputs.entries()) {
    take(turn, input);
    if (at < inputs.length - 1 && waitsForMore(input)) continue;
    if (replica.started && !replica.violated) applyRules(turn);
  }
  if (replica.started && !replica.violated) lookAround(turn);
  return out;
}

/** Nothing that a peer says next is refused, or taken, because no rule saw these first. */
function waitsForMore(input: Input): boolean {
  if (input.kind !== 'message') return input.kind === 'submit' || input.kind === 'tick';
  return input.message.kind === 'segment' || input.message.kind === 'checkpoint';
}

function take(turn: Turn, input: Input): void {
  const { replica, now, out } = turn;
  switch (input.kind) {
    case 'start':
      replica.started = true;
      raiseFence(turn, input);
      replica.views.prune(replica.finalView);
      keepPromises(replica);
      for (const peer of replica.peers) peer.heardAtMs = now.monoMs;
      replica.statusAtMs = now.monoMs;
      takeSynced(turn);
      if (replica.executed.view === 0 && replica.executed.height > 0) freezeSnapshot(turn);
      break;
    case 'tick':
      break;
    case 'message':
      admit(turn, input.from, input.message);
      break;
    case 'submit':
      if (!maySeal(replica) || !replica.pool.add(input.shard, input.item, input.id, now.monoMs))
        out.tell({ kind: 'busy', id: input.id, shard: input.shard });
      break;
    case 'synced':
      takeSynced(turn);
      break;
    case 'snapshot':
      replica.snapshots.addOwn(turn, input.snapshot);
      break;
  }
}

const NO_NONCE = new Uint8Array(16);

/** F-01: a fence that was pending is asked for again, with this start's nonce. */
function raiseFence({ replica, out }: Turn, start: Extract<Input, { kind: 'start' }>): void {
  const nonce = start.nonce ?? NO_NONCE;
  if (replica.fence !== undefined) replica.fence.nonce = nonce;
  const isPending = replica.fence !== undefined && replica.fence.view === undefined;
  // Also without a seat: a key of this node may have one in a later epoch, and have had it before.
  if (start.amnesia !== true && !isPending) return;
  replica.fence = createFence(undefined, nonce);
  forgetRestarts(replica);
  out.promise({ kind: 'fence', view: undefined });
}

/** C-06 after a restart: what own notarizes and certificates name. */
function keepPromises(replica: Replica): void {
  for (const { own, certificates } of replica.views.ascending()) {
    const hashes = [own.get('notarize'), certificates.get('notarize'), certificates.get('finalize')];
    for (const hash of hashes.flatMap((one) => one?.blockHash ?? [])) {
      const block = replica.tree.body(hash);
      if (block !== undefined) promiseSegments(replica, block);
    }
  }
}

/** D-02: what earlier steps persisted is durable; own votes count and own segments are accepted only now. */
function takeSynced(turn: Turn): void {
  const { replica } = turn;
  const votes = replica.unsynced;
  replica.unsynced = [];
  for (const vote of votes) if (vote.view > replica.finalView) recordVote(turn, vote);
  takeSealed(turn);
}

/** Tried in this order until none of them does anything; each is in `simplex/`, `chains/` or `execution/` under its id. */
const RULES: readonly { readonly id: string; readonly apply: (turn: Turn) => boolean }[] = [
  { id: 'S-06', apply: assembleCertificates },
  { id: 'S-07', apply: resolveFinalizations },
  { id: 'X-01', apply: executeNext },
  { id: 'S-01', apply: enterView },
  { id: 'F-01', apply: settleFence },
  { id: 'F-03', apply: askRestart },
  { id: 'C-07', apply: feedLeftovers },
  { id: 'C-01', apply: sealBatches },
  { id: 'G-01', apply: tellDeadlines },
  { id: 'G-02', apply: tellReady },
  { id: 'W-03', apply: noteUnfinal },
  { id: 'W-02', apply: armTimers },
  { id: 'S-02', apply: propose },
  { id: 'S-03', apply: notarize },
  { id: 'S-05', apply: finalizeNotarized },
  { id: 'S-04', apply: nullify },
];

/** N-02: after the end of an epoch nothing of it is signed any more; what it ordered is executed. */
const LAST_RULES = RULES.filter(({ id }) => ['X-01', 'S-01'].includes(id));

/** O-01: an observer follows finality and executes it; it has nothing to say in a view. */
const OBSERVER_RULES = RULES.filter(({ id }) => ['S-07', 'X-01', 'S-01', 'G-02', 'C-07'].includes(id));

/** Every rule consumes what lets it act, so a step ends long before this. */
const PASSES_MAX = 10_000;

function applyRules(turn: Turn): void {
  const { replica } = turn;
  let passes = 0;
  while (!replica.violated && rulesOf(replica).some(({ apply }) => apply(turn))) {
    passes += 1;
    assert(passes < PASSES_MAX, 'the rules of a step come to rest');
  }
}

function rulesOf(replica: Replica): typeof RULES {
  const { tree, config } = replica;
  if (tree.final.sealed) return LAST_RULES;
  if (isAwaitingState(replica)) return [];
  return config.self === undefined ? OBSERVER_RULES : RULES;
}

/** What follows from the time and from what peers say they have. */
function lookAround(turn: Turn): void {
  const { replica, out } = turn;
  if (isAwaitingState(replica)) return;
  if (replica.config.self === undefined) {
    replica.relays = [];
    fetchKnown(turn);
    sendFetches(turn);
    return;
  }
  const isOver = replica.tree.final.sealed;
  if (!isOver) forgetEvidence(turn);
  fetchKnown(turn);
  relayCertificates(turn);
  if (!isOver) retry(turn);
  beat(turn);
  sendFetches(turn);
  replica.checkpoints.release(turn);
  const flushAt = flushAtMs(replica);
  // Once it is over, only something new makes work of it: no reason to look again and again.
  if (flushAt !== undefined && flushAt > turn.now.monoMs && replica.clock.armedAtMs === undefined) out.wakeAt(flushAt);
}

/** Everything a journal must still hold, in an order `restore` takes: for compaction. */
export function liveEntries(replica: Replica): JournalEntry[] {
  const entries: JournalEntry[] = [];
  if (replica.fence !== undefined) entries.push(fenceEntry(replica.fence));
  for (const { shard, item } of replica.leftovers.all()) entries.push({ kind: 'leftover', shard, item });
  const evidence = new Set([...replica.ownRestarts.values(), ...replica.evidence.values()]);
  for (const one of evidence) entries.push({ kind: 'evidence', evidence: one });
  for (const chain of replica.chains.all()) {
    for (const segment of chain.held()) entries.push({ kind: 'segment', segment });
  }
  for (const segment of replica.authors.unsynced()) entries.push({ kind: 'segment', segment });
  for (const { block } of replica.executions) entries.push({ kind: 'block', block });
  for (const block of replica.seal?.tail ?? []) entries.push({ kind: 'block', block });
  if (replica.finalization !== undefined) entries.push({ kind: 'certificate', certificate: replica.finalization });
  for (const { view, own, certificates } of replica.views.ascending()) {
    for (const certificate of certificates.values()) {
      const block = certificate.blockHash === undefined ? undefined : replica.tree.body(certificate.blockHash);
      if (block !== undefined) entries.push({ kind: 'block', block });
      entries.push({ kind: 'certificate', certificate });
    }
    if (view <= replica.finalView) continue;
    entries.push(...ownEntries(replica, view, own));
  }
  return entries;
}

function ownEntries(replica: Replica, view: number, own: ReadonlyMap<VoteKind, ConsensusVote>): JournalEntry[] {
  const entries: JournalEntry[] = [];
  for (const vote of own.values()) {
    const block = vote.blockHash === undefined ? undefined : replica.tree.body(vote.blockHash);
    const notarization = replica.views.certificate(view, 'notarize');
    if (vote.kind === 'nullify') entries.push({ kind: 'nullify', vote });
    if (vote.kind === 'notarize' && block !== undefined) entries.push({ kind: 'notarize', vote, block });
    if (vote.kind === 'finalize' && notarization !== undefined) entries.push({ kind: 'finalize', vote, notarization });
  }
  return entries;
}
