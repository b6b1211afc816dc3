import type { HashedBlock } from '../../protocol/chain/block.ts';
import type { Standing } from '../../protocol/chain/standing.ts';
import type { Verify } from '../../protocol/crypto/verify.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { decodeEvidence, type Evidence, verifyEvidence } from '../../protocol/evidence.ts';
import type { Hash } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Roster } from '../../protocol/roster.ts';

/** E-01, by author; who never did anything of note is absent. */
export type Standings = ReadonlyMap<number, Standing>;

const UNBLEMISHED = { incarnation: 0, muted: false, pardoned: false, sinceView: -1, restart: undefined } as const;

/** As they stand in an anchor: authors ascending. */
export function listStandings(standings: Standings): Standing[] {
  return [...standings.values()].sort((a, b) => a.author - b.author);
}

export function readStandings(list: readonly Standing[]): Standings {
  return new Map(list.map((standing) => [standing.author, standing]));
}

export function standingOf(standings: Standings, author: number): Standing {
  return standings.get(author) ?? { author, ...UNBLEMISHED };
}

/** Why a block above `standings` may not carry the evidence; undefined when it may. Signatures are judged apart. */
export function judgeEvidence(standings: Standings, evidence: Evidence): string | undefined {
  const { incarnation, muted, pardoned, sinceView } = standingOf(standings, evidence.author);
  switch (evidence.kind) {
    case 'votes':
      if (muted) return 'muted already';
      return evidence.view > sinceView ? undefined : 'evidence of before the restart';
    case 'segments':
      if (muted) return 'muted already';
      return evidence.incarnation === incarnation ? undefined : 'evidence of another incarnation';
    case 'restart':
      if (evidence.incarnation !== incarnation + 1) return 'restart of another incarnation';
      if (evidence.incarnation > LIMITS.restartsMax) return 'too many restarts';
      return muted && pardoned ? 'no second restart after evidence' : undefined;
  }
}

/** The standings after a block. Total: what is no evidence, in a block that nobody could notarize, changes nothing. */
export function advanceStandings(standings: Standings, block: HashedBlock): Standings {
  if (block.block.evidence.length === 0) return standings;
  const next = new Map(standings);
  for (const evidence of evidenceOf(block)) {
    if (evidence === undefined || judgeEvidence(next, evidence) !== undefined) continue;
    next.set(evidence.author, standingAfter(standingOf(next, evidence.author), evidence, block.block.view));
  }
  return next;
}

function standingAfter(before: Standing, evidence: Evidence, view: number): Standing {
  if (evidence.kind !== 'restart') return { ...before, muted: true };
  return {
    author: before.author,
    incarnation: evidence.incarnation,
    muted: false,
    pardoned: before.pardoned || before.muted,
    sinceView: view,
    restart: evidence.operation.id,
  };
}

const READ = new WeakMap<HashedBlock, readonly (Evidence | undefined)[]>();

/** A block's evidence; undefined where the bytes are none. Read once a block. */
export function evidenceOf(block: HashedBlock): readonly (Evidence | undefined)[] {
  let read = READ.get(block);
  if (read === undefined) {
    read = block.block.evidence.map(decodeOr);
    READ.set(block, read);
  }
  return read;
}

/** @returns undefined for bytes that are no evidence */
export function decodeOr(bytes: Uint8Array): Evidence | undefined {
  try {
    return decodeEvidence(bytes);
  } catch (error) {
    if (error instanceof WaggleError) return undefined;
    throw error;
  }
}

const PROVEN = new WeakMap<HashedBlock, boolean>();

/** Whether every signature in a block's evidence holds; verified once a block. */
export function isProven(block: HashedBlock, chain: Hash, roster: Roster, verify: Verify): boolean {
  let proven = PROVEN.get(block);
  if (proven === undefined) {
    proven = evidenceOf(block).every((one) => one !== undefined && verifyEvidence(chain, roster, one, verify));
    PROVEN.set(block, proven);
  }
  return proven;
}
