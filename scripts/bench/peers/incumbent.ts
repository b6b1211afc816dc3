import { measureIncumbent } from '../voters/incumbent.ts';
import { ENTRY_BYTES, type Peer } from './rates.ts';

/** Of the goals: what it takes depends on how many votes the file holds already. */
const VOTERS = 1_000;

/** Read all, append, write all: the algorithm of the incumbent, one vote after the other. */
export function incumbentPeer(): Peer {
  return {
    name: 'incumbent',
    acknowledges: 'handed to the page cache of one machine, one vote at a time',
    single: async () => {
      const { perS, msP50, msP99 } = await measureIncumbent(Array.from({ length: VOTERS }, (_, at) => voteOf(at)));
      return { perS, msP50, msP99 };
    },
  };
}

function voteOf(at: number): object {
  const vote = { voter: `voter-${at + 1}`, proposal: 'p1', weight: 1 + (at % 10), comment: '' };
  return { ...vote, comment: '.'.repeat(Math.max(0, ENTRY_BYTES - JSON.stringify(vote).length)) };
}
