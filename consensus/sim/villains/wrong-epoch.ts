import { voteDigest } from '../../../protocol/certificate.ts';
import { hashBlock } from '../../../protocol/chain/block.ts';
import { sealSegment } from '../../../protocol/chain/segment.ts';
import { checkpointDigest } from '../../../protocol/receipt/checkpoint.ts';
import type { Message } from '../../types.ts';
import type { Villain, VillainTools } from './villain.ts';

/** Speaks of an epoch that is not, well signed (Commonware's reconfigurer). */
export function beOfAnotherEpoch(tools: VillainTools): Villain {
  return {
    send: (_, message) => (tools.random.chance(0.6) ? [moved(tools, message)] : [moved(tools, message), message]),
  };
}

function moved({ signer, chain, self }: VillainTools, message: Message): Message {
  switch (message.kind) {
    case 'vote': {
      const subject = { ...message.vote, epoch: message.vote.epoch + 1, signer: self };
      return { kind: 'vote', vote: { ...subject, signature: signer.sign(voteDigest(chain, subject)) } };
    }
    case 'propose': {
      const block = hashBlock({ ...message.block.block, epoch: message.block.block.epoch + 1 });
      const subject = {
        kind: 'notarize',
        epoch: block.block.epoch,
        view: block.block.view,
        blockHash: block.hash,
      } as const;
      return { kind: 'propose', block, signature: signer.sign(voteDigest(chain, subject)) };
    }
    case 'segment': {
      const { header } = message.segment;
      if (header.author !== self) return message;
      const item = { kind: 9, bytes: Uint8Array.of(1) };
      return { kind: 'segment', segment: sealSegment({ ...header, epoch: header.epoch + 1 }, [item], signer.sign) };
    }
    case 'status':
      return { ...message, epoch: message.epoch + 1 };
    case 'checkpoint': {
      const checkpoint = { ...message.checkpoint.checkpoint, epoch: message.checkpoint.checkpoint.epoch + 1 };
      const signature = signer.sign(checkpointDigest(checkpoint));
      return { kind: 'checkpoint', checkpoint: { checkpoint, signer: self, signature } };
    }
    default:
      return message;
  }
}
