import type { Replica } from '../../replica-state.ts';
import type { Verdict } from './verdict.ts';

const VIEWS_RETAINED = 64;
/** Two forks of each of two incarnations: the one that goes on, and the next. */
const SEGMENTS_PER_HEIGHT = 4;
const CHAIN_WINDOW = 64;
const FETCHES = 256;
const OWN_RESTARTS = 8;

/** A3: no table grows beyond what its rule allows, whatever the peers do. */
export function checkBounds(verdict: Verdict, node: number, replica: Replica): void {
  const { view, finalView, finalHeight, executed } = replica;
  const openViews = view - finalView;
  const within = (name: string, size: number, max: number): void => {
    if (size > max) verdict.report('A3 table sizes', `node ${node}: ${size} ${name}, at most ${max}`);
  };
  within('views', replica.views.size, VIEWS_RETAINED + openViews + 8);
  // Two blocks a view at most: the first proposal seen, and another one that was certified.
  within('blocks', replica.tree.size, 2 * (VIEWS_RETAINED + openViews) + (finalHeight - executed.height) + 80);
  within('fetches', replica.fetches.size, FETCHES);
  within('relays', replica.relays.length, 3 * (VIEWS_RETAINED + openViews));
  within('unsynced votes', replica.unsynced.length, 3 * (VIEWS_RETAINED + openViews));
  within('unresolved finalizations', replica.unresolved.size, VIEWS_RETAINED);
  within('wanted blocks', replica.wantedBlocks.size, 2 * (VIEWS_RETAINED + openViews));
  within('blocks to execute', replica.executions.length, 64 + 32);
  within('evidence', replica.evidence.size, 2 * replica.peers.length);
  within('own restarts', replica.ownRestarts.size, OWN_RESTARTS);
  for (const chain of replica.chains.all()) {
    const lag = chain.final.height - chain.executed.height;
    within(`segments of ${chain.shard}/${chain.author}`, chain.size, SEGMENTS_PER_HEIGHT * (CHAIN_WINDOW + lag));
  }
}
