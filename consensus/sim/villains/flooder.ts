import { VOTE_KINDS } from '../../../protocol/certificate.ts';
import { type HashedBlock, hashBlock } from '../../../protocol/chain/block.ts';
import { sealSegment } from '../../../protocol/chain/segment.ts';
import { type Hash, ZERO_HASH } from '../../../protocol/hash.ts';
import { checkpointDigest } from '../../../protocol/receipt/checkpoint.ts';
import type { Message, Status } from '../../types.ts';
import { signVote, type Villain, type VillainTools } from './villain.ts';

const FLOODS = 0.5;
const KEPT = 300;
const HEIGHTS = 80;
/** Every so often a segment is heavy, so that bytes are bounded too. */
const HEAVY = 0.03;
const HEAVY_BYTES = 300_000;
const TIPS = 64;

/** Feeds every table of its peers: all that one key can sign, for all places there are, and whatever it ever saw. */
export function flood(tools: VillainTools): Villain {
  const { random } = tools;
  const seen: Message[] = [];
  const place = { view: 1, height: 0 };
  return {
    send: (_, message): readonly Message[] => {
      if (seen.length >= KEPT) seen[random.below(KEPT)] = message;
      else seen.push(message);
      if (message.kind === 'status') Object.assign(place, { view: message.view, height: message.finalHeight });
      const own = message.kind === 'propose' && random.chance(FLOODS) ? withBogusTips(tools, message) : message;
      if (!random.chance(FLOODS)) return [own];
      return [...Array.from({ length: random.between(1, 4) }, () => excess(tools, place, seen)), own];
    },
    answer: () => (random.chance(FLOODS) ? seen.slice(-8) : undefined),
  };
}

function excess(tools: VillainTools, place: { view: number; height: number }, seen: readonly Message[]): Message {
  const { random } = tools;
  switch (random.below(6)) {
    case 0:
    case 1:
      return strayedSegment(tools);
    case 2:
      return signVote(tools, random.pick(VOTE_KINDS), place.view + random.below(3), anyHash(tools));
    case 3:
      return checkpointAt(tools, Math.max(0, place.height + random.between(-70, 70)));
    case 4:
      return { kind: 'past', nonce: new Uint8Array(16), view: random.below(1_000) };
    default: {
      const old = random.pick(seen);
      return old.kind === 'status' ? boast(tools, old) : old;
    }
  }
}

function anyHash({ random }: VillainTools): Hash {
  return new Uint8Array(32).map(() => random.below(256));
}

/** A fork of anything at any height, hanging in the air or on the beginning. */
function strayedSegment(tools: VillainTools): Message {
  const { random, chain, self, shards, signer } = tools;
  const height = random.between(1, HEIGHTS);
  const parent = height === 1 ? ZERO_HASH : anyHash(tools);
  const shard = random.below(shards + 1);
  const at = {
    chain,
    epoch: tools.epoch,
    incarnation: 0,
    shard,
    author: self,
    height,
    parent,
    timeMs: random.below(1_000),
  };
  const bytes = new Uint8Array(random.chance(HEAVY) ? HEAVY_BYTES : 8);
  return { kind: 'segment', segment: sealSegment(at, [{ kind: 9, bytes }], signer.sign) };
}

function checkpointAt(tools: VillainTools, height: number): Message {
  const { chain, self, signer } = tools;
  const [blockHash, history, root] = [1, 2, 3].map((mark) => new Uint8Array(32).fill(mark)) as [Hash, Hash, Hash];
  const checkpoint = { chain, epoch: tools.epoch, height, blockHash, timeMs: 1, history, root };
  return {
    kind: 'checkpoint',
    checkpoint: { checkpoint, signer: self, signature: signer.sign(checkpointDigest(checkpoint)) },
  };
}

function boast({ random, n, shards }: VillainTools, status: Status): Status {
  const tips = Array.from({ length: TIPS }, () => ({
    shard: random.below(shards + 1),
    author: random.below(n),
    height: random.between(1, 10_000),
  }));
  return {
    ...status,
    view: status.view + random.below(3_000),
    finalHeight: status.finalHeight + random.below(3_000),
    tips,
  };
}

/** A cut of tips that nobody has, in every chain there is. */
function withBogusTips(tools: VillainTools, { block }: { readonly block: HashedBlock }): Message {
  const { n, shards, random, self } = tools;
  const cut = Array.from({ length: n * (shards + 1) }, (_, at) => ({
    ...{ shard: Math.floor(at / n), author: at % n, incarnation: 0 },
    ...{ height: random.between(1, HEIGHTS), tip: anyHash(tools) },
  }));
  const bogus = hashBlock({ ...block.block, proposer: self, flags: 0, cut });
  return {
    kind: 'propose',
    block: bogus,
    signature: signVote(tools, 'notarize', bogus.block.view, bogus.hash).vote.signature,
  };
}
