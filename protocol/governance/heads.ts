import { Writer } from '../codec/writer.ts';
import { type Hash, tagged } from '../hash.ts';
import { merkleRoot } from '../merkle.ts';
import { TAGS } from '../tags.ts';
import { headKey } from './row-keys.ts';
import type { GovernanceState, SessionRow } from './state.ts';

/** The leaf of a voter's counted ballot. */
export function headLeaf(voter: string, ballot: Hash): Hash {
  return tagged(TAGS.head.tag, new Writer(98).text16(voter).bytes(ballot).finish());
}

/**
 * Which ballot of which voter counted, as of now: the root over the heads of a session sorted by voter, so that a path
 * proves a ballot and two neighbouring ones prove that a voter has none (protocol.md, Checkpoints). Ids are ASCII, so
 * the order of their code units is the order of their bytes.
 */
export function headsRoot(state: GovernanceState, { space, session, electorate }: SessionRow): Hash {
  const voters = electorate.map(({ voter }) => voter as string).sort();
  const leaves = voters.flatMap((voter) => {
    const head = state.heads.get(headKey(space, session, voter));
    return head === undefined ? [] : [headLeaf(voter, head.ballot)];
  });
  return merkleRoot(TAGS['heads-tree'].tag, leaves);
}
