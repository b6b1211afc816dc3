/** A network for one machine: the smallest that stands one fault, and as many shards (goals.md, Workload W). */
export const NETWORK_DEFAULTS = { nodes: 4, shards: 4 } as const;
