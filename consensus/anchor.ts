import type { HashedBlock } from '../protocol/chain/block.ts';
import type { Standing } from '../protocol/chain/standing.ts';
import type { Epoch } from '../protocol/epoch.ts';
import { type Hash, hashesEqual, ZERO_HASH } from '../protocol/hash.ts';
import type { Roster } from '../protocol/roster.ts';
import { listStandings, type Standings, standingOf } from './chains/standings.ts';
import type { Anchor } from './types.ts';

/** Before the first block. */
export function genesisAnchor(chain: Hash): Anchor {
  return { epoch: 0, height: 0, view: 0, hash: chain, timeMs: 0, history: ZERO_HASH, cut: [], standings: [] };
}

/**
 * Where an epoch starts: at the block that ended the one before, in view 0 and with chains that begin anew. Who is muted
 * stays so for as long as it keeps its key (E-01).
 */
function epochAnchor(last: Omit<Anchor, 'epoch' | 'view' | 'cut' | 'standings'>, ended: EndedEpoch): Anchor {
  const { height, hash, timeMs, history } = last;
  const { next, roster, standings } = ended;
  const carried = next.validators.flatMap(({ key }, author) => {
    const before = roster.validators.findIndex((one) => hashesEqual(one.key, key));
    return before >= 0 && standingOf(standings, before).muted ? [mutedFromTheStart(author)] : [];
  });
  const kept = listStandings(new Map(carried.map((standing) => [standing.author, standing])));
  return { epoch: next.epoch, height, view: 0, hash, timeMs, history, cut: [], standings: kept };
}

/** Where execution stands after a block: in its epoch, or at the start of the next where it was the last. */
export function anchorAt(block: HashedBlock, after: AfterBlock): Anchor {
  const { height, view, timeMs, reconfig } = block.block;
  const { history, cut, standings, roster } = after;
  const place = { height, hash: block.hash, timeMs, history };
  if (reconfig !== undefined) return epochAnchor(place, { next: reconfig.epoch, roster, standings });
  return { epoch: roster.epoch, ...place, view, cut, standings: listStandings(standings) };
}

export interface AfterBlock extends Pick<Anchor, 'history' | 'cut'> {
  readonly standings: Standings;
  /** Of the block's epoch. */
  readonly roster: Roster;
}

interface EndedEpoch {
  readonly next: Epoch;
  /** Of the epoch that ended, with what its blocks settled. */
  readonly roster: Roster;
  readonly standings: Standings;
}

function mutedFromTheStart(author: number): Standing {
  return { author, incarnation: 0, muted: true, pardoned: false, sinceView: -1, restart: undefined };
}
