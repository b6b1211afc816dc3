import type { Certificate } from '../../protocol/certificate.ts';
import { toHex } from '../../protocol/hex.ts';
import { ofEpoch } from '../epoch-place.ts';
import type { Replica, Turn } from '../replica-state.ts';
import { type FetchRequest, type Message, TIPS_MAX, type TipStatus } from '../types.ts';
import { isFenced } from './fence-state.ts';
import { advanceTimeoutMs } from './timers.ts';
import { highestUnresolved } from './views.ts';
import { castVote } from './votes.ts';
import { hasWorkFor } from './work.ts';

/*
 * What makes lost messages and lost time harmless (consensus.md 2.6): relay, push, retry, healing, fetching.
 */

/** Votes and certificates re-sent at a time; without a bound re-sending becomes a storm of its own (pitfall 18). */
const RESEND_MAX = 64;
const PUSH_EVERY_MS = 100;
const ASK_EVERY_MS = 100;
/** What gossip, a relay or the next frame probably brings by itself is not asked for at once. */
const GRACE_MS = 100;
const CERTIFICATE_GRACE_MS = 200;
/** A gap in a chain is asked of its author first, then of one peer after the other that says to have no gap. */
const GAP_GRACE_MS = 250;
/** Final heights behind from which ranges are fetched instead of certificates. */
const BEHIND_BLOCKS = 2;
/** Final blocks that wait for execution before more are fetched. */
const EXECUTIONS_MAX = 64;

/** Ask for something missing: the preferred peers first, then everybody in turn. */
export function want(turn: Turn, request: FetchRequest, preferred: readonly number[], graceMs = 0): void {
  const { replica, now } = turn;
  let waitMs = graceMs;
  if (request.kind === 'fetch-block') replica.wantedBlocks.set(toHex(request.hash), request.hash);
  if (request.kind === 'fetch-segments' && request.tip !== undefined) {
    const chain = replica.chains.find(request.shard, request.author);
    chain?.want(request.tip);
    // The one above just came: this one is probably in the same answer. Asking at each arrival would fetch runs many times.
    if (chain?.isRunning(request.to + 1) === true) waitMs = Math.max(waitMs, GRACE_MS);
  }
  const { self } = replica.config;
  const n = replica.peers.length;
  const others = Array.from({ length: n }, (_, at) => ((self ?? 0) + 1 + at) % n);
  const peers = [...new Set([...preferred, ...others])].filter((peer) => peer !== self && peer < n);
  replica.fetches.want(request, peers, now.monoMs, waitMs);
}

/** send what is due of the wishes. Never changes what a rule looks at. */
export function sendFetches({ replica, now, out }: Turn): void {
  for (const fetches of [replica.fetches, ...replica.peers.map(({ claims }) => claims)]) {
    for (const { to, request } of fetches.due(now.monoMs)) {
      const asked = { ...request, ...ofEpoch(replica) };
      if (fetches === replica.fetches) out.sendTo(to, asked);
      else out.claim(to, asked);
    }
    const next = fetches.nextAtMs(now.monoMs);
    if (next !== undefined) out.wakeAt(Math.max(next, now.monoMs + 1));
  }
}

/**
 * what a peer claims to have and this node lacks is asked of that peer alone, a few things at a time and ever more
 * slowly while it does not answer. A liar's claims so cost nobody else anything, and never the wishes of rules.
 */
function claim({ replica, now }: Turn, peer: number, request: FetchRequest, graceMs: number): void {
  if (peer !== replica.config.self) replica.peers[peer]?.claims.want(request, [peer], now.monoMs, graceMs);
}

/** Final blocks and certificates that peers say they have, segments they link, and gaps in their own chains. */
export function fetchKnown(turn: Turn): void {
  const { replica } = turn;
  for (const [peer, { status }] of replica.peers.entries()) {
    if (status === undefined || (replica.tree.final.sealed && status.finalHeight > replica.finalHeight)) continue;
    const isLater = status.epoch > replica.config.roster.epoch && status.finalHeight > replica.finalHeight;
    if (isLater || status.finalHeight > replica.finalHeight + BEHIND_BLOCKS) {
      if (replica.executions.length > EXECUTIONS_MAX) continue;
      claim(turn, peer, { kind: 'fetch-final', from: replica.finalHeight + 1 }, GRACE_MS);
    } else if (status.finalHeight > replica.finalHeight) {
      const { finalView } = status;
      claim(turn, peer, { kind: 'fetch-certificates', from: finalView, to: finalView }, CERTIFICATE_GRACE_MS);
    }
    for (const tip of status.tips) claimChain(turn, peer, tip);
  }
  for (const chain of replica.chains.all()) {
    const gap = chain.gap();
    if (gap === undefined) continue;
    const { shard, author } = chain;
    claim(turn, author, { kind: 'fetch-segments', shard, author, ...gap, tip: undefined }, GRACE_MS);
  }
}

/**
 * What a peer links of a chain and this node does not: above everything held, or the gap below what is held. The author
 * may be gone for good, and then only the others can close it.
 */
function claimChain(turn: Turn, peer: number, { shard, author, height }: TipStatus): void {
  const { chains, config, peers } = turn.replica;
  const chain = chains.find(shard, author);
  if (chain === undefined) return;
  const gap = chain.gap();
  const segments = { kind: 'fetch-segments', shard, author, tip: undefined } as const;
  if (gap !== undefined && gap.from <= height) {
    const distance = (peer - (config.self ?? 0) + peers.length) % peers.length;
    claim(turn, peer, { ...segments, from: gap.from, to: Math.min(gap.to, height) }, GAP_GRACE_MS * (1 + distance));
  } else if (chain.highest() < height) {
    claim(turn, peer, { ...segments, from: chain.highest() + 1, to: height }, GRACE_MS);
  }
}

/** relay each new certificate once, to peers not known to be past its view. */
export function relayCertificates({ replica, now, out }: Turn): void {
  const waiting: typeof replica.relays = [];
  for (const relay of replica.relays) {
    if (relay.atMs > now.monoMs) {
      waiting.push(relay);
      out.wakeAt(relay.atMs);
      continue;
    }
    const { certificate } = relay;
    for (const [to, peer] of replica.peers.entries()) {
      if (to !== replica.config.self && peer.view <= certificate.view)
        out.sendTo(to, { kind: 'certificate', certificate });
    }
  }
  replica.relays = waiting;
}

/** The certificates of a view worth sending: finalization over notarization, and the nullification. */
function certificatesOf(replica: Replica, view: number): Certificate[] {
  const best = replica.views.blockCertificate(view);
  const nullification = replica.views.certificate(view, 'nullify');
  return [...(best === undefined ? [] : [best]), ...(nullification === undefined ? [] : [nullification])];
}

/** a peer in an earlier view gets that view's certificates and the ones that let this node enter its own. */
export function pushToLaggard({ replica, now, out }: Turn, to: number, view: number): void {
  const peer = replica.peers[to];
  if (peer === undefined || view >= replica.view || now.monoMs < peer.pushedAtMs + PUSH_EVERY_MS) return;
  peer.pushedAtMs = now.monoMs;
  const certificates = new Set([...certificatesOf(replica, view), ...certificatesOf(replica, replica.view - 1)]);
  if (replica.finalization !== undefined && replica.finalization.view >= view) certificates.add(replica.finalization);
  for (const certificate of certificates) out.sendTo(to, { kind: 'certificate', certificate });
}

/** A peer is more than a view ahead: the certificate of the view before its own lets this node follow. */
export function askLeader({ replica, now, out }: Turn, to: number, view: number): void {
  const peer = replica.peers[to];
  if (peer === undefined || view <= replica.view || now.monoMs < peer.askedAtMs + ASK_EVERY_MS) return;
  peer.askedAtMs = now.monoMs;
  out.sendTo(to, { kind: 'fetch-certificates', ...ofEpoch(replica), from: view - 1, to: view - 1 });
}

/** while stuck in a view, every t_a. */
export function retry(turn: Turn): void {
  const { replica, now, out } = turn;
  if (replica.clock.armedAtMs === undefined) return;
  if (now.monoMs < replica.clock.retryAtMs) {
    out.wakeAt(replica.clock.retryAtMs);
    return;
  }
  // What there was to do became final without this view: a lone nullify must not be repeated for ever (W-02).
  if (!hasWorkFor(turn)) {
    replica.clock.armedAtMs = undefined;
    return;
  }
  replica.clock.retryAtMs = now.monoMs + advanceTimeoutMs(replica);
  out.wakeAt(replica.clock.retryAtMs);
  for (const message of ownMessages(replica)) out.broadcast(message);
  for (const certificate of certificatesOf(replica, replica.view - 1))
    out.broadcast({ kind: 'certificate', certificate });
  for (const evidence of replica.evidence.values()) out.broadcast({ kind: 'evidence', evidence });
  heal(turn);
  sendStatus(turn);
}

/** Own words that may have been lost: what stands in the current view, and every finalize above the final view. */
function ownMessages(replica: Replica): Message[] {
  const messages: Message[] = [];
  const unsynced = new Set(replica.unsynced);
  const current = replica.views.find(replica.view);
  const { proposal } = current ?? {};
  const isOwn = proposal?.block.block.proposer === replica.config.self;
  for (const [kind, vote] of current?.own ?? []) {
    if (unsynced.has(vote)) continue;
    messages.push(kind === 'notarize' && isOwn && proposal !== undefined ? proposal : { kind: 'vote', vote });
  }
  for (const { view, own } of replica.views.ascending().toReversed()) {
    const vote = own.get('finalize');
    if (view <= replica.finalView || vote === undefined || unsynced.has(vote) || messages.length >= RESEND_MAX)
      continue;
    messages.push({ kind: 'vote', vote });
  }
  return messages;
}

/**
 * R-04 healing: a view between the final and the current one that has no certificate here and no own finalize is
 * nullified, late as it is. Safe, since this node never finalizes it afterwards; without it a parent can become
 * unprovable for ever (consensus.md 2.12, NEG3).
 */
function heal(turn: Turn): void {
  const { replica, out } = turn;
  const floor = Math.max(replica.finalView, highestUnresolved(replica)?.view ?? 0, replica.view - RESEND_MAX);
  for (let view = replica.view - 1; view > floor; view--) {
    const state = replica.views.at(view);
    if (state.certificates.size > 0 || state.own.has('finalize') || isFenced(replica, view)) continue;
    let vote = state.own.get('nullify');
    if (vote === undefined) {
      vote = castVote(turn, 'nullify', view, undefined);
      out.promise({ kind: 'nullify', vote });
    }
    out.broadcast({ kind: 'vote', vote });
  }
}

const STATUS_EVERY_MS = 1_000;

/** Status: once a second, sooner after a finalization; it heals what dormancy would leave unsaid (2.7). */
export function beat(turn: Turn): void {
  const { replica, now, out } = turn;
  if (now.monoMs >= replica.statusAtMs) sendStatus(turn);
  out.wakeAt(replica.statusAtMs);
}

function sendStatus({ replica, now, out }: Turn): void {
  replica.statusSentAtMs = now.monoMs;
  replica.statusAtMs = now.monoMs + STATUS_EVERY_MS;
  const { view, finalView, finalHeight, config } = replica;
  const checkpoint = replica.checkpoints.latestOwn();
  out.broadcast({
    kind: 'status',
    epoch: config.roster.epoch,
    view,
    finalView,
    finalHeight,
    tips: tipsOf(replica),
    checkpoint,
  });
  const signed = replica.snapshots.latestOwn();
  if (signed !== undefined) out.broadcast({ kind: 'snapshot', signed });
}

/** Chains linked beyond the final cut, the own ones first: what one node alone holds must become work for all. */
function tipsOf({ chains, config }: Replica): TipStatus[] {
  const ahead = chains.all().filter(({ linked, final }) => linked.height > final.height);
  const own = ahead.filter(({ author }) => author === config.self);
  const others = ahead.filter(({ author }) => author !== config.self);
  return [...own, ...others]
    .slice(0, TIPS_MAX)
    .map(({ shard, author, linked }) => ({ shard, author, height: linked.height }));
}
