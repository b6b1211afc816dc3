import { toHex } from '../../protocol/hex.ts';
import type { Message } from '../types.ts';

/** A message in one short line, the same for equal messages: what the event hash and the trace hold of it. */
export function describeMessage(message: Message): string {
  const short = (hash: Uint8Array | undefined): string => (hash === undefined ? '-' : toHex(hash.subarray(0, 4)));
  switch (message.kind) {
    case 'propose': {
      const { view, height, parentView, cut } = message.block.block;
      return `propose v${view} h${height} on v${parentView} ${short(message.block.hash)} cut ${cut.length}`;
    }
    case 'vote':
      return `${message.vote.kind} v${message.vote.view} ${short(message.vote.blockHash)}`;
    case 'certificate': {
      const { kind, view, blockHash, signers } = message.certificate;
      return `cert ${kind} v${view} ${short(blockHash)} by ${signers}`;
    }
    case 'status': {
      const { view, finalView, finalHeight, tips } = message;
      return `status v${view} final v${finalView} h${finalHeight} tips ${tips.map(({ shard, height }) => `${shard}:${height}`)}`;
    }
    case 'checkpoint':
      return `checkpoint h${message.checkpoint.checkpoint.height} ${short(message.checkpoint.checkpoint.root)}`;
    case 'fetch-certificates':
      return `fetch-certificates ${message.from}-${message.to}`;
    case 'fetch-block':
      return `fetch-block ${short(message.hash)}`;
    case 'fetch-segments':
      return `fetch-segments ${message.shard}/${message.author} ${message.from}-${message.to} ${short(message.tip)}`;
    case 'fetch-final':
      return `fetch-final ${message.from}`;
    case 'block':
      return `block v${message.block.block.view} ${short(message.block.hash)}`;
    case 'segment': {
      const { shard, author, height, count } = message.segment.header;
      return `segment ${shard}/${author} h${height} ${short(message.segment.id)} of ${count}`;
    }
    case 'final':
      return `final h${message.blocks[0]?.block.height} +${message.blocks.length}`;
    case 'fetch-past':
      return 'fetch-past';
    case 'evidence':
      return `evidence ${message.evidence.kind} of ${message.evidence.author}`;
    case 'snapshot':
      return `snapshot ${message.signed.snapshot.height}`;
    case 'pruned':
    case 'fetch-manifest':
    case 'fetch-chunk':
    case 'manifest':
    case 'chunk':
      return `${message.kind} ${message.height}`;
    case 'fetch-history':
    case 'history':
    case 'fetch-epochs':
    case 'epochs':
      return `${message.kind} ${message.from}`;
    case 'past':
      return `past v${message.view}`;
  }
}
