import { voteDigest } from '../../../protocol/certificate.ts';
import { pairVotes } from '../../../protocol/evidence.ts';
import { type Checkpoint, checkpointDigest, type SignedCheckpoint } from '../../../protocol/receipt/checkpoint.ts';
import type { Message } from '../../types.ts';
import type { Villain, VillainTools } from './villain.ts';

const LIES = 0.5;
const ACCUSES = 0.02;

/** Signs checkpoints of what nobody executed, and accuses others by words that it signed itself. */
export function bearFalseWitness(tools: VillainTools): Villain {
  const { random } = tools;
  return {
    send: (_, message): readonly Message[] => {
      const said = random.chance(ACCUSES) ? [message, accusation(tools)] : [message];
      return said.map((one) => falsified(tools, one));
    },
  };
}

function falsified(tools: VillainTools, message: Message): Message {
  if (!tools.random.chance(LIES)) return message;
  if (message.kind === 'checkpoint') return { ...message, checkpoint: sign(tools, message.checkpoint.checkpoint) };
  if (message.kind !== 'status' || message.checkpoint === undefined) return message;
  return { ...message, checkpoint: sign(tools, message.checkpoint.checkpoint) };
}

function sign({ random, self, signer }: VillainTools, true_: Checkpoint): SignedCheckpoint {
  const checkpoint = {
    ...true_,
    [random.pick(['root', 'history'] as const)]: new Uint8Array(32).fill(random.below(4)),
  };
  return { checkpoint, signer: self, signature: signer.sign(checkpointDigest(checkpoint)) };
}

/** Two votes that somebody else did not give. */
function accusation(tools: VillainTools): Message {
  const { random, n, chain, signer } = tools;
  const view = 1 + random.below(20);
  const votes = (['nullify', 'finalize'] as const).map((kind) => {
    const subject = {
      kind,
      epoch: tools.epoch,
      view,
      blockHash: kind === 'nullify' ? undefined : new Uint8Array(32).fill(3),
    };
    return { ...subject, signer: random.below(n), signature: signer.sign(voteDigest(chain, subject)) };
  });
  const [one, other] = votes;
  if (one === undefined || other === undefined) throw new RangeError('two votes');
  return { kind: 'evidence', evidence: pairVotes(one, { ...other, signer: one.signer }) };
}
