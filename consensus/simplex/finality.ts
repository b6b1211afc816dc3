import type { Certificate } from '../../protocol/certificate.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { settleStanding } from '../chains/restart.ts';
import type { Standings } from '../chains/standings.ts';
import type { Replica, Turn } from '../replica-state.ts';
import { want } from './recovery.ts';
import type { BlockNode } from './tree.ts';
import { violate } from './votes.ts';

/** Ancestors missing below a known child before whole ranges are asked for instead of single blocks. */
const SINGLE_BLOCKS_MAX = 2;

/** A finalization is told by Status at most four times a second (2.2). */
const STATUS_AFTER_FINAL_MS = 250;

/** Height above the final block up to which blocks are kept or walked; who is farther behind fetches ranges from below. */
export const FINAL_AHEAD_MAX = 4_096;
/** Vain requests for a range after which single blocks are asked for. */
const VAIN_MAX = 4;

/**
 * S-07: a finalization makes its block and all ancestors final, once their bodies are held. The highest that can be
 * settled is: it settles those below it. What the lowest lacks is fetched: all the others lack it too.
 */
export function resolveFinalizations(turn: Turn): boolean {
  const { replica } = turn;
  // N-02: what is final after the end of an epoch is no block of the ledger.
  if (replica.tree.final.sealed) replica.unresolved.clear();
  for (const view of replica.unresolved.keys()) if (view <= replica.finalView) replica.unresolved.delete(view);
  const descending = [...replica.unresolved.values()].sort((a, b) => b.view - a.view);
  for (const certificate of descending) {
    const node = certificate.blockHash === undefined ? undefined : replica.tree.node(certificate.blockHash);
    if (node === undefined) continue;
    replica.unresolved.delete(certificate.view);
    finalize(turn, node, certificate);
    return true;
  }
  const lowest = descending.at(-1);
  if (lowest !== undefined) fetchAncestors(turn, lowest);
  return false;
}

function fetchAncestors(turn: Turn, certificate: Certificate): void {
  const { replica } = turn;
  if (certificate.blockHash === undefined) return;
  const missing = replica.tree.missingAncestor(certificate.blockHash);
  if (missing === undefined) {
    // The walk went below the final block without meeting it: a finalized block beside the final chain (S-09).
    violate(turn, 'a finalized block does not extend the final chain', certificate);
    replica.unresolved.delete(certificate.view);
    return;
  }
  const gap = missing.childHeight === undefined ? undefined : missing.childHeight - 1 - replica.finalHeight;
  if (gap !== undefined && gap <= SINGLE_BLOCKS_MAX) {
    want(turn, { kind: 'fetch-block', hash: missing.hash }, certificate.signers);
    return;
  }
  const range = { kind: 'fetch-final', from: replica.finalHeight + 1 } as const;
  if (gap !== undefined) want(turn, range, certificate.signers);
  // A range too long to end in a finalized block within one answer is walked block by block.
  const isRangeVain = replica.fetches.timesAsked(range) >= Math.min(VAIN_MAX, replica.peers.length - 1);
  if (gap === undefined || (isRangeVain && gap <= FINAL_AHEAD_MAX))
    want(turn, { kind: 'fetch-block', hash: missing.hash }, certificate.signers);
}

function finalize(turn: Turn, node: BlockNode, certificate: Certificate): void {
  const { replica, now, out } = turn;
  const path = replica.tree.pathFromFinal(node);
  if (path === undefined) {
    violate(turn, 'a finalized block does not extend the final chain', certificate);
    return;
  }
  const end = path.findIndex(({ sealed }) => sealed);
  const last = end < 0 ? node : (path[end] ?? node);
  if (last.sealed) replica.seal = { tail: path.slice(end + 1).flatMap(({ block }) => block ?? []), certificate };
  for (const final of end < 0 ? path : path.slice(0, end + 1)) {
    if (final.block === undefined) continue;
    const direct = final === node ? certificate : replica.views.certificate(final.view, 'finalize');
    const own = direct?.blockHash !== undefined && hashesEqual(direct.blockHash, final.hash) ? direct : undefined;
    replica.executions.push({ node: final, block: final.block, certificate: own });
    for (const { shard, author, height, tip } of final.block.block.cut) {
      replica.chains.of(shard, author).finalize({ height, tip });
    }
  }
  const before = replica.tree.final.standings;
  replica.tree.final = last;
  replica.finalView = last.view;
  replica.finalHeight = last.height;
  replica.finalization = certificate;
  replica.unfinalSinceMs = undefined;
  replica.statusAtMs = Math.min(replica.statusAtMs, replica.statusSentAtMs + STATUS_AFTER_FINAL_MS);
  settleStandings(turn, before, last);
  settle(replica, now.monoMs);
  out.tell({ kind: 'finalized', height: last.height, view: last.view, certificate });
}

/** E-03: what the new final blocks settled about authors, in their chains and in one's own. */
function settleStandings({ replica, out }: Turn, before: Standings, { standings, cut }: BlockNode): void {
  if (standings === before) return;
  for (const standing of standings.values()) {
    if (before.get(standing.author) === standing) continue;
    settleStanding(replica, standing, cut);
    out.tell({ kind: 'standing', standing });
  }
}

/** What finality makes needless: certificates below, wanted bodies, blocks nobody will ask for. */
function settle(replica: Replica, nowMs: number): void {
  for (const view of replica.unresolved.keys()) if (view <= replica.finalView) replica.unresolved.delete(view);
  replica.wantedBlocks.clear();
  replica.views.prune(replica.finalView);
  replica.tree.prune();
  const above = replica.views
    .ascending()
    .some(({ view, certificates }) => view > replica.finalView && certificates.has('notarize'));
  if (above) replica.unfinalSinceMs = nowMs;
}

/** Since when a notarized block waits for finality (W-03); a clock for flushing. */
export function noteUnfinal({ replica, now }: Turn): boolean {
  if (replica.unfinalSinceMs !== undefined) return false;
  const waits = replica.views
    .ascending()
    .some(({ view, certificates }) => view > replica.finalView && certificates.has('notarize'));
  if (waits) replica.unfinalSinceMs = now.monoMs;
  return false;
}

/** Bodies an answer may bring: what is missing below a certificate or a proposal. */
export function isWanted(replica: Replica, hash: Uint8Array): boolean {
  return replica.wantedBlocks.has(toHex(hash));
}
