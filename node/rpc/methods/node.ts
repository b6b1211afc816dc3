import { z } from 'zod';
import { epochOf } from '../../../protocol/governance/epochs.ts';
import { toHex } from '../../../protocol/hex.ts';
import { out } from '../fields.ts';
import { defineMethod, NO_PARAMS } from '../method.ts';
import { defined, toTime } from '../render.ts';

const status = z.strictObject({
  chain: out.hex,
  name: z.string(),
  version: z.string(),
  role: z.enum(['validator', 'observer', 'candidate']),
  epoch: out.count,
  view: out.count,
  height: out.height,
  finalHeight: out.height,
  finalizedAt: out.time.nullable(),
  syncing: z.boolean(),
  ready: z.boolean(),
  notReadyReason: z.string().optional(),
  writable: z.boolean(),
  /** Peers connected now. */
  peers: out.count,
  /** Ballot shards of the network; the control shard is beside them. */
  shards: z.int().min(1),
  custody: z.enum(['full']),
  uptimeMs: out.count,
});

export const nodeStatus = defineMethod('node_status', {
  summary: 'How far this node is, and the sentence why it is not ready.',
  params: NO_PARAMS,
  result: status,
  handle: (_params, { api }) => {
    const { finalizedAtMs, notReadyReason, uptimeMs, ...facts } = api.status();
    return defined({
      chain: toHex(api.chain),
      name: api.name,
      version: api.version,
      role: api.self === undefined ? ('observer' as const) : ('validator' as const),
      epoch: facts.epoch,
      view: facts.view,
      height: facts.height,
      finalHeight: facts.finalHeight,
      finalizedAt: finalizedAtMs === undefined ? null : toTime(finalizedAtMs),
      syncing: facts.syncing,
      ready: facts.ready && facts.writable,
      notReadyReason: notReadyReason ?? (facts.writable ? undefined : 'writes fail: disk or journal'),
      writable: facts.writable,
      peers: api.peers().filter(({ connected }) => connected).length,
      shards: epochOf(api.state()).params.shards,
      custody: 'full' as const,
      uptimeMs: Math.round(uptimeMs),
    });
  },
});

const peer = z.strictObject({
  name: z.string(),
  peer: z.string(),
  /** Name of the validator the peer is. */
  validator: z.string().optional(),
  address: z.string(),
  direction: z.enum(['inbound', 'outbound']),
  connected: z.boolean(),
  latencyMs: z.number().optional(),
  lastError: z.string().optional(),
});

export const nodePeers = defineMethod('node_peers', {
  summary: 'The peers of this node, connected or not.',
  params: NO_PARAMS,
  result: z.array(peer),
  handle: (_params, { api }) =>
    api.peers().map(({ name, peer: id, validator, address, direction, connected, latencyMs, lastError }) =>
      defined({
        name,
        peer: id,
        validator: validator ? name : undefined,
        address,
        direction,
        connected,
        latencyMs: latencyMs === undefined ? undefined : Math.round(latencyMs * 1_000) / 1_000,
        lastError,
      }),
    ),
});
