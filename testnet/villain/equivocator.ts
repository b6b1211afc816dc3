import { decodeMessage, encodeMessage, FRAME_BYTES_MAX, SYNC_REQUEST_BYTES_MAX } from '../../consensus/wire.ts';
import { type Identity, loadIdentity } from '../../node/config/identity.ts';
import { createNetwork, type Network } from '../../node/network/network.ts';
import { homePaths } from '../../node/storage/home.ts';
import { type VoteKind, voteDigest } from '../../protocol/certificate.ts';
import { ITEM_KINDS, SEGMENT_ENCODED_BYTES_MAX, sealSegment } from '../../protocol/chain/segment.ts';
import { chainId } from '../../protocol/genesis.ts';
import { type Hash, ZERO_HASH } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';

export interface Villain {
  /** Views in which it signed two things, and heights of its chain with two segments. */
  readonly forks: () => { readonly views: number; readonly segments: number };
  stop(): Promise<void>;
}

const SEGMENT_EVERY_MS = 500;
const SEGMENTS_MAX = 40;
const SHARD = 1;

/**
 * A validator's key in the hands of somebody who signs against itself, on real connections: in every view it hears of it
 * notarizes the proposal to some and another block to the others, and both nullifies and finalizes; and it seals two
 * segments of each height of its own chain.
 */
export async function startEquivocator(home: string, listen: readonly string[]): Promise<Villain> {
  const identity = await loadIdentity(homePaths(home), undefined);
  const network = createNetwork(networkOptions(identity, listen));
  const views = new Set<number>();
  let segments = 0;
  await network.start({
    onSegment: () => 'accept',
    onFrame(_from, bytes) {
      const message = decodeMessage(bytes);
      if (message.kind !== 'propose' || views.has(message.block.block.view)) return undefined;
      views.add(message.block.block.view);
      equivocate(network, identity, message.block.block.view, message.block.hash);
      return undefined;
    },
    onPeer: () => undefined,
    serveSync: nothing,
    serveSubmit: nothing,
  });
  let parent: Hash = ZERO_HASH;
  const timer = setInterval(() => {
    if (segments >= SEGMENTS_MAX) return;
    segments += 1;
    parent = fork(network, identity, segments, parent);
  }, SEGMENT_EVERY_MS);
  return {
    forks: () => ({ views: views.size, segments }),
    async stop() {
      clearInterval(timer);
      await network.stop();
    },
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function equivocate(network: Network, identity: Identity, view: number, block: Hash): void {
  const other = block.map((byte) => byte ^ 0xff);
  const names = network.peers().map(({ name }) => name);
  for (const [at, name] of names.entries()) {
    const chosen = at % 2 === 0 ? block : other;
    for (const [kind, hash] of [
      ['notarize', chosen],
      ['nullify', undefined],
      ['finalize', chosen],
    ] as const) {
      network.sendFrame(name, encodeMessage({ kind: 'vote', vote: voteOf(identity, kind, view, hash) }));
    }
  }
}

function voteOf(identity: Identity, kind: VoteKind, view: number, blockHash: Hash | undefined) {
  const subject = { kind, epoch: identity.roster.epoch, view, blockHash };
  const signature = identity.operatorKey.sign(voteDigest(chainId(identity.genesis), subject));
  return { ...subject, signer: identity.self ?? 0, signature };
}

/** Two segments of one height. @returns the one on which it goes on */
function fork(network: Network, { genesis, roster, self, operatorKey }: Identity, height: number, parent: Hash): Hash {
  const place = {
    chain: chainId(genesis),
    epoch: roster.epoch,
    incarnation: 0,
    shard: SHARD,
    author: self ?? 0,
    height,
    parent,
    timeMs: Date.now(),
  };
  const [first, second] = [1, 2].map((mark) => {
    const items = [{ kind: ITEM_KINDS.ballot, bytes: new Uint8Array(12).fill(mark) }];
    return sealSegment(place, items, (id) => operatorKey.sign(id));
  });
  for (const segment of [first, second]) if (segment !== undefined) network.publishSegment(SHARD, segment.bytes);
  return first?.id ?? parent;
}

function networkOptions({ genesis, roster, nodeSeed }: Identity, listen: readonly string[]) {
  return {
    chain: toHex(chainId(genesis)),
    identitySeed: nodeSeed,
    listen,
    peers: roster.validators.map(({ name, peer, addrs }) => ({ name, peer, addrs, validator: true })),
    shards: genesis.params.shards,
    limits: {
      frameBytesMax: FRAME_BYTES_MAX,
      gossipBytesMax: SEGMENT_ENCODED_BYTES_MAX,
      syncRequestBytesMax: SYNC_REQUEST_BYTES_MAX,
    },
  };
}
