import { isAuthentic } from '../../consensus/admit.ts';
import type { Message, ReplicaConfig } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage } from '../../consensus/wire.ts';
import { type Certificate, verifyCertificate } from '../../protocol/certificate.ts';
import type { HashedBlock } from '../../protocol/chain/block.ts';
import type { Segment } from '../../protocol/chain/segment.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Roster } from '../../protocol/roster.ts';
import type { Network } from '../network/network.ts';
import type { Shelf } from './repair-sources.ts';

/** Of one answer: what may be held at a time. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;
const ANSWER_MESSAGES_MAX = 4_096;
/** Between two rounds in which no peer had what is needed. */
const ROUND_MS = 500;
const ROUNDS_MAX = 240;

/** Where a repair gets what the own disk has lost. */
export interface RepairPeers {
  /** Blocks from `height` on, proven final by the roster of their epoch, with the segments a peer sent along. @throws WAGGLE_REPAIR_SOURCE nobody has it */
  fetch(height: number, roster: Roster, isEnough: (shelf: Shelf) => Promise<boolean>): Promise<Shelf>;
}

export interface RepairPeersParts {
  readonly network: Pick<Network, 'requestSync' | 'peers'>;
  readonly config: ReplicaConfig;
  readonly signal: AbortSignal;
  /** What a peer sent that was of no use: the reason, for a counter. */
  readonly onRefused: (reason: string) => void;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Ask one validator after the other, round by round, with the request that a node that is behind uses. */
export function createRepairPeers(parts: RepairPeersParts): RepairPeers {
  const { network, signal, onRefused, sleep } = parts;
  return {
    async fetch(height, roster, isEnough) {
      // Nobody to ask is no reason to wait.
      for (let round = 0; round < ROUNDS_MAX && network.peers().some(({ validator }) => validator); round++) {
        for (const { name, validator, connected } of network.peers()) {
          if (!validator || !connected) continue;
          if (signal.aborted) throw new WaggleError('WAGGLE_REPAIR_STOPPED');
          const shelf = await ask(parts, name, height, roster).catch((error: unknown) => {
            onRefused(codeOf(error) ?? 'unknown');
            return undefined;
          });
          if (shelf !== undefined && (await isEnough(shelf))) return shelf;
        }
        if (signal.aborted) throw new WaggleError('WAGGLE_REPAIR_STOPPED');
        await sleep(ROUND_MS);
      }
      throw new WaggleError('WAGGLE_REPAIR_SOURCE', { height, record: 'block', reason: 'no peer has it' });
    },
  };
}

async function ask(
  { network, config, signal }: RepairPeersParts,
  name: string,
  from: number,
  roster: Roster,
): Promise<Shelf> {
  const messages: Message[] = [];
  let bytes = 0;
  const onFrame = (frame: Uint8Array): void => {
    bytes += frame.length;
    if (bytes > ANSWER_BYTES_MAX || messages.length >= ANSWER_MESSAGES_MAX) {
      throw new WaggleError('WAGGLE_SYNC_ANSWER_LENGTH', { messages: messages.length });
    }
    // A copy: what is kept must not keep the buffer it came in.
    messages.push(decodeMessage(frame.slice()));
  };
  await network.requestSync(name, encodeMessage({ kind: 'fetch-final', epoch: roster.epoch, from }), onFrame, signal);
  const [first, ...rest] = messages;
  if (first?.kind !== 'final') throw new WaggleError('WAGGLE_SYNC_ANSWER_KIND', { kind: first?.kind });
  // Chains of any shard there may ever be: what there was in the epoch its blocks say.
  const then = { ...config, roster, shards: LIMITS.shardsMax };
  checkFinal(then, first.blocks, first.certificate, from);
  const segments = rest.flatMap((message) => (message.kind === 'segment' ? [message.segment] : []));
  return answerShelf(then, first.blocks, first.certificate, segments);
}

/** Consecutive from `from` on, linked, and the last one final by a quorum of the roster. */
function checkFinal(
  config: ReplicaConfig,
  blocks: readonly HashedBlock[],
  certificate: Certificate,
  from: number,
): void {
  let previous: HashedBlock | undefined;
  for (const [at, block] of blocks.entries()) {
    const isNext = block.block.height === from + at;
    const isLinked = previous === undefined || hashesEqual(block.block.parentHash, previous.hash);
    if (!isNext || !isLinked) throw new WaggleError('WAGGLE_REPAIR_ANSWER', { reason: 'link' });
    previous = block;
  }
  const { kind, blockHash } = certificate;
  const isOfLast = previous !== undefined && blockHash !== undefined && hashesEqual(blockHash, previous.hash);
  if (kind !== 'finalize' || !isOfLast) throw new WaggleError('WAGGLE_REPAIR_ANSWER', { reason: 'certificate' });
  if (!verifyCertificate(config.chain, config.roster, certificate, config.verify)) {
    throw new WaggleError('WAGGLE_REPAIR_ANSWER', { reason: 'signature' });
  }
}

/** The signature of a segment is no part of its id, and is stored and handed on: it is checked here. */
function answerShelf(
  config: ReplicaConfig,
  blocks: readonly HashedBlock[],
  certificate: Certificate,
  segments: readonly Segment[],
): Shelf {
  const nameOf = (shard: number, author: number, height: number): string => `${shard}/${author}/${height}`;
  const byPlace = new Map<string, Segment>();
  for (const segment of segments) {
    const { shard, author, height } = segment.header;
    byPlace.set(nameOf(shard, author, height), segment);
  }
  // What is above the end of an epoch is no block of the ledger, and its heights are used again.
  const end = blocks.findIndex(({ block }) => block.reconfig !== undefined);
  const kept = end < 0 ? blocks : blocks.slice(0, end + 1);
  const byHeight = new Map(kept.map((block) => [block.block.height, block]));
  const last = kept.length === blocks.length ? blocks.at(-1)?.block.height : undefined;
  const seal = blocks[end];
  return {
    async block(height) {
      const value = byHeight.get(height);
      return value === undefined ? { damage: 'missing' } : { value };
    },
    async certificate(height) {
      return height === last ? { value: certificate } : { damage: 'missing' };
    },
    async epochEnd(epoch) {
      if (seal === undefined || seal.block.epoch !== epoch) return { damage: 'missing' };
      return { value: { seal, tail: blocks.slice(end + 1), certificate } };
    },
    async segment({ shard, author, height }) {
      const value = byPlace.get(nameOf(shard, author, height));
      return value !== undefined && isAuthentic(config, value) ? { value } : { damage: 'missing' };
    },
  };
}

/** From `one` where it has it, else from `other`. */
export function firstOf(one: Shelf, other: Shelf): Shelf {
  const either = async <Value extends { readonly value?: unknown }>(
    first: Promise<Value>,
    second: () => Promise<Value>,
  ): Promise<Value> => {
    const read = await first;
    return read.value === undefined ? second() : read;
  };
  return {
    block: (height) => either(one.block(height), () => other.block(height)),
    certificate: (height) => either(one.certificate(height), () => other.certificate(height)),
    segment: (place) => either(one.segment(place), () => other.segment(place)),
    epochEnd: (epoch) => either(one.epochEnd(epoch), () => other.epochEnd(epoch)),
  };
}
