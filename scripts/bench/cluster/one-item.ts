import { FIXED_BATCHES } from '../../../consensus/batching/pool.ts';
import { LIMITS } from '../../../protocol/limits.ts';

/*
 * Loaded into daemons before their own code (NODE_OPTIONS --import): batching is off, every ballot is a segment of its own. A
 * cap that all nodes of the network share is as good as a switch, and no node has a switch for it. The control shard has a cap
 * of its own and stays as it is. The metrics agent is off: it would hold back what is to be sealed at once.
 */

process.env.WAGGLE_AGENT_MODE = 'fixed';
Object.assign(LIMITS, { segmentItemsMax: 1 });
Object.assign(FIXED_BATCHES, { itemsTarget: () => 1, lingerMs: () => 0 });
