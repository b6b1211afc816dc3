import type { Standing } from '../../protocol/chain/standing.ts';
import { type Evidence, restartBody, restartOf } from '../../protocol/evidence.ts';
import { encodeSignedOperation, signOperation } from '../../protocol/governance/operation.ts';
import { toHex } from '../../protocol/hex.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { keepEvidence } from '../evidence.ts';
import type { Replica, Turn } from '../replica-state.ts';
import { seatOf } from '../seat.ts';
import { standingOf } from './standings.ts';
import type { Cut } from './vote-chains.ts';

/** Own restarts that are remembered; the older ones can be in no block any more. */
const OWN_RESTARTS_MAX = 8;

/**
 * Whether this node may continue its own chains: it knows all it sealed under its incarnation, and no block muted it.
 * Behind the fence it knows that only of an incarnation which it asked for itself since (F-03): the operation's id, with
 * its nonce, tells its own restart from one of a life it forgot.
 */
export function maySeal(replica: Replica): boolean {
  const { authors, config, fence, ownRestarts, tree } = replica;
  if (config.self === undefined) return false;
  const { muted, restart, incarnation } = standingOf(tree.final.standings, config.self);
  if (muted || incarnation !== authors.incarnation) return false;
  return fence === undefined || (restart !== undefined && ownRestarts.has(toHex(restart)));
}

/** E-03: what blocks settled about an author, in its chains, and in one's own where it is this node. */
export function settleStanding(
  { chains, authors, config }: Pick<Replica, 'chains' | 'authors' | 'config'>,
  standing: Standing,
  cut: Cut,
): void {
  chains.settle(standing);
  if (standing.author !== config.self) return;
  authors.restart(standing.incarnation, (shard) => chains.position(cut, shard, standing.author));
}

/** F-03: once it is known in which views it may vote again, a node that lost its journal starts its chains anew. */
export function askRestart(turn: Turn): boolean {
  const { replica, now, out } = turn;
  const { config, fence } = replica;
  if (fence?.view === undefined || maySeal(replica)) return false;
  const author = seatOf(config);
  const standing = standingOf(replica.tree.final.standings, author);
  const isRefused = (standing.muted && standing.pardoned) || standing.incarnation >= LIMITS.restartsMax;
  if (isRefused || replica.evidence.has(`${author}/restart`)) return false;
  const timeMs = Math.max(0, Math.floor(now.wallMs));
  const key = config.roster.validators[author]?.key;
  if (key === undefined) return false;
  const operation = {
    chain: config.chain,
    actor: key,
    seq: 0,
    notAfterMs: timeMs + LIMITS.ballotLifetimeMsMax,
    timeMs,
    kind: 'chain.restart',
    body: restartBody(config.roster.epoch, author, standing.incarnation + 1, fence.nonce),
  } as const;
  const signed = signOperation(operation, [{ publicKey: key, sign: config.sign }]);
  const evidence = restartOf(encodeSignedOperation(signed));
  keepEvidence(replica, evidence);
  rememberRestart(replica, evidence);
  out.promise({ kind: 'evidence', evidence });
  out.broadcast({ kind: 'evidence', evidence });
  return true;
}

/**
 * A new fence: what was sealed after an earlier restart may be lost as well, so only one of from here on may be continued.
 */
export function forgetRestarts(replica: Replica): void {
  replica.ownRestarts.clear();
  replica.evidence.delete(`${replica.config.self}/restart`);
}

/** Own restarts of this journal, also after a boot. */
export function rememberRestart(replica: Replica, evidence: Evidence): void {
  if (evidence.kind !== 'restart' || evidence.author !== replica.config.self) return;
  const id = toHex(evidence.operation.id);
  replica.ownRestarts.delete(id);
  replica.ownRestarts.set(id, evidence);
  const [oldest] = replica.ownRestarts.keys();
  if (replica.ownRestarts.size > OWN_RESTARTS_MAX && oldest !== undefined) replica.ownRestarts.delete(oldest);
}
