import type { Villain, VillainTools } from './villain.ts';

/** Seals every ballot of its voters into all shards (four where there are as many): it must count once. */
export function sprayShards(tools: VillainTools): Villain {
  return {
    send: (_, message) => [message],
    sealsIn: (shard) => (shard === 0 ? [0] : Array.from({ length: tools.shards }, (_, at) => at + 1)),
  };
}
