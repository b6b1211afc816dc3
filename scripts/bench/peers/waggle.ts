import type { OpenTestnet } from '../../../testnet/network/open.ts';
import { closedLoop, volleys } from '../cluster/fire.ts';
import { World } from '../cluster/world.ts';
import { BATCH, type Peer, type Rate, rateOf } from './rates.ts';

/** The network under the same loads: ballots that their operators sign, counted when every validator has counted them. */
export async function waggleOf(testnet: OpenTestnet, voters: number): Promise<Peer> {
  const world = await World.create(testnet, 'operator', voters);
  const load = async (entries: number, size: number, lanes: number): Promise<Rate> => {
    const count = Math.min(entries, voters);
    const { session, shots } = await world.open(count);
    const startedMs = performance.now();
    const latencies = await closedLoop(volleys(shots, size), lanes);
    await world.untilCounted(session, count);
    const rate = rateOf(count, performance.now() - startedMs, latencies);
    await world.close(session);
    return rate;
  };
  return {
    name: 'waggle',
    acknowledges: `final: signed and synced by 3 of ${testnet.file.nodes.length}; counted by all`,
    single: (entries, lanes) => load(entries, 1, lanes),
    batch: (entries, lanes) => load(entries, BATCH, lanes),
  };
}
