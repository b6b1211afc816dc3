import { z } from 'zod';
import { genesisToJson } from '../../../protocol/genesis.ts';
import { toHex } from '../../../protocol/hex.ts';
import type { SignedCheckpoint } from '../../../protocol/receipt/checkpoint.ts';
import { encodeEpochProof } from '../../../protocol/receipt/epoch-proof.ts';
import type { Desk } from '../desk.ts';
import { hash, height, out } from '../fields.ts';
import { defineMethod, NO_PARAMS } from '../method.ts';
import type { HeadFacts } from '../node-api.ts';
import { notFound } from '../not-found.ts';
import { renderCertificate, toBase64, toTime } from '../render.ts';
import { RpcError } from '../rpc-error.ts';
import { renderSegment, segmentShape } from './segment-items.ts';

const certificate = z
  .strictObject({
    kind: z.enum(['notarize', 'nullify', 'finalize']),
    epoch: out.count,
    view: out.count,
    blockHash: out.hex.nullable(),
    /** Positions in the roster, ascending. */
    signers: z.array(out.count),
    signatures: z.array(out.hex),
  })
  .nullable();

export const headShape = z.strictObject({
  height: out.height,
  hash: out.hex,
  time: out.time,
  view: out.count,
  /** Of this block or of the first descendant that was finalized directly; null at height 0. */
  certificate,
});

export function renderHead({ height: at, hash: id, timeMs, view, certificate: one }: HeadFacts) {
  return { height: at, hash: toHex(id), time: toTime(timeMs), view, certificate: renderCertificate(one) };
}

export const chainGenesis = defineMethod('chain_genesis', {
  summary: 'genesis.json: what all nodes share. Its hash is the chain id of node_status.',
  params: NO_PARAMS,
  result: z.looseObject({ v: z.literal(1), network: z.string(), validators: z.array(z.looseObject({})) }),
  handle: (_params, { api }) => genesisToJson(api.genesis),
});

export const chainHead = defineMethod('chain_head', {
  summary: 'The last block that is final and executed here.',
  params: NO_PARAMS,
  result: headShape,
  handle: (_params, { api }) => renderHead(api.head()),
});

export const chainGetBlock = defineMethod('chain_getBlock', {
  summary: 'A final block by height or by hash, with its cut and its finalization.',
  params: z.strictObject({ height: height.optional(), hash: hash.optional() }),
  result: headShape.extend({
    epoch: out.count,
    parentView: out.count,
    parentHash: out.hex,
    proposer: z.string(),
    flags: out.count,
    cut: z.array(
      z.strictObject({
        shard: out.count,
        author: out.count,
        incarnation: out.count,
        height: out.height,
        tip: out.hex,
      }),
    ),
    evidence: z.array(z.string()),
    /** The block as it is hashed, base64. */
    bytes: z.string(),
  }),
  heavy: true,
  handle: async ({ height: at, hash: id }, desk) => {
    const key =
      at !== undefined && id === undefined ? { height: at } : at === undefined && id ? { hash: id } : undefined;
    if (key === undefined) throw new RpcError('params.invalid', { path: 'height', detail: 'give height or hash' });
    const found = await desk.api.block(key);
    const path = 'height' in key ? 'height' : 'hash';
    if (found === undefined) throw await notFound(desk.api, key, 'chain.block-unknown', path);
    const { block, bytes } = found.block;
    const { epoch, parentView, parentHash, proposer, flags, cut, evidence } = block;
    return {
      ...renderHead(found),
      epoch,
      parentView,
      parentHash: toHex(parentHash),
      proposer: nameOf(desk, epoch, proposer),
      flags,
      cut: cut.map(({ tip, ...entry }) => ({ ...entry, tip: toHex(tip) })),
      evidence: evidence.map(toBase64),
      bytes: toBase64(bytes),
    };
  },
});

export const chainGetSegment = defineMethod('chain_getSegment', {
  summary: 'A segment with its items, and what became of each.',
  params: z.strictObject({ id: hash }),
  result: segmentShape,
  heavy: true,
  handle: async ({ id }, desk) => {
    const found = await desk.api.segment(id);
    if (found === undefined) throw await notFound(desk.api, { segment: id }, 'chain.segment-unknown', 'id');
    return renderSegment(found, nameOf(desk, found.segment.header.epoch, found.segment.header.author));
  },
});

export const chainGetChains = defineMethod('chain_getChains', {
  summary: 'Tip, final height and backlog of every vote chain, or of one shard or author.',
  params: z.strictObject({ shard: z.int().min(0).max(64).optional(), author: z.int().min(0).max(127).optional() }),
  result: z.array(
    z.strictObject({
      shard: out.count,
      author: out.count,
      name: z.string(),
      tip: z.strictObject({ height: out.height, id: out.hex }),
      finalHeight: out.height,
      backlog: out.count,
      /** Grows by one each time its author starts it anew after losing its disk. */
      incarnation: out.count,
      /** A final block holds proof against its author: nothing more of it is ordered. */
      muted: z.boolean(),
    }),
  ),
  handle: ({ shard, author }, desk) =>
    desk.api
      .chains()
      .filter((chain) => (shard ?? chain.shard) === chain.shard && (author ?? chain.author) === chain.author)
      .map(({ tip, ...chain }) => ({
        shard: chain.shard,
        author: chain.author,
        name: nameOf(desk, desk.roster.epoch, chain.author),
        tip: { height: tip.height, id: toHex(tip.id) },
        finalHeight: chain.finalHeight,
        backlog: chain.backlog,
        incarnation: chain.incarnation,
        muted: chain.muted,
      })),
});

export const chainGetCheckpoint = defineMethod('chain_getCheckpoint', {
  summary: 'What validators signed after executing a block. f + 1 equal ones prove it.',
  params: z.strictObject({ height }),
  result: z.strictObject({
    chain: out.hex,
    epoch: out.count,
    height: out.height,
    blockHash: out.hex,
    time: out.time,
    history: out.hex,
    root: out.hex,
    signatures: z.array(z.strictObject({ signer: out.count, name: z.string(), signature: out.hex })),
    /** Signatures over another checkpoint of this height: evidence of a fault. */
    differing: out.count,
  }),
  handle: async ({ height: at }, desk) => {
    const all = await desk.api.checkpoint(at);
    const [most, ...others] = [...groupByRoot(all).values()].sort((a, b) => b.length - a.length);
    const first = most?.[0];
    if (most === undefined || first === undefined) throw new RpcError('chain.checkpoint-unknown', { path: 'height' });
    const { chain, epoch, height: signed, blockHash, timeMs, history, root } = first.checkpoint;
    return {
      chain: toHex(chain),
      epoch,
      height: signed,
      blockHash: toHex(blockHash),
      time: toTime(timeMs),
      history: toHex(history),
      root: toHex(root),
      signatures: most.map(({ signer, signature }) => ({
        signer,
        name: nameOf(desk, epoch, signer),
        signature: toHex(signature),
      })),
      differing: others.flat().length,
    };
  },
});

/** Who wants to know who votes in an epoch follows these from genesis on, each signed by a quorum of the one before. */
export const chainGetEpochs = defineMethod('chain_getEpochs', {
  summary: 'What proves the ends of epochs, from one on. With genesis they lead to the validators of any epoch.',
  params: z.strictObject({ from: out.count.default(0) }),
  result: z.strictObject({
    epochs: z.array(
      z.strictObject({
        epoch: out.count,
        /** The block that ended it. */
        sealedHeight: out.height,
        /** Block, empty blocks above it and certificate, in the encoding of the protocol. */
        proof: out.hex,
      }),
    ),
    /** Where to go on; absent at the end. */
    next: out.count.optional(),
  }),
  handle: async ({ from }, { api }) => {
    const proofs = await api.epochProofs(from);
    const epochs = proofs.map((proof) => {
      const { epoch, height: sealedHeight } = proof.seal.block;
      return { epoch, sealedHeight, proof: toHex(encodeEpochProof(proof)) };
    });
    return proofs.length === 0 ? { epochs } : { epochs, next: from + proofs.length };
  },
});

function groupByRoot(all: readonly SignedCheckpoint[]): Map<string, SignedCheckpoint[]> {
  return Map.groupBy(all, ({ checkpoint: { blockHash, history, root } }) =>
    [blockHash, history, root].map(toHex).join(),
  );
}

function nameOf({ api }: Desk, epoch: number, index: number): string {
  return api.rosterOf(epoch)?.validators[index]?.name ?? '';
}
