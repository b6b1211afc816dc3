import { checkpointDigest } from '../../../protocol/receipt/checkpoint.ts';
import { snapshotDigest } from '../../../protocol/snapshot/snapshot.ts';
import type { Message, Status } from '../../types.ts';
import type { Villain, VillainTools } from './villain.ts';

const LIES = 0.5;

/** Tells tips, finality and roots that are not so, replays old messages and spoils signatures. */
export function lie(tools: VillainTools): Villain {
  const { random } = tools;
  const said: Message[] = [];
  return {
    send: (_, message): readonly Message[] => {
      if (said.length < 200) said.push(message);
      const replayed = random.chance(0.05) ? [random.pick(said)] : [];
      return [...replayed, random.chance(LIES) ? spoil(tools, message) : message];
    },
  };
}

function spoil(tools: VillainTools, message: Message): Message {
  switch (message.kind) {
    case 'status':
      return spoilStatus(tools, message);
    case 'vote':
      return { kind: 'vote', vote: { ...message.vote, signature: new Uint8Array(64).fill(7) } };
    case 'certificate': {
      const { certificate } = message;
      return { kind: 'certificate', certificate: { ...certificate, view: certificate.view + 1 } };
    }
    case 'checkpoint': {
      const checkpoint = { ...message.checkpoint.checkpoint, root: new Uint8Array(32).fill(9) };
      const signature = tools.signer.sign(checkpointDigest(checkpoint));
      return { kind: 'checkpoint', checkpoint: { checkpoint, signer: tools.self, signature } };
    }
    case 'snapshot': {
      const snapshot = { ...message.signed.snapshot, root: new Uint8Array(32).fill(9) };
      const signature = tools.signer.sign(snapshotDigest(snapshot));
      return { kind: 'snapshot', signed: { snapshot, signer: tools.self, signature } };
    }
    default:
      return message;
  }
}

function spoilStatus({ random }: VillainTools, status: Status): Status {
  const view = random.pick([0, status.view + 1_000, Number.MAX_SAFE_INTEGER]);
  const finalView = Math.min(view, random.pick([0, status.finalView + 500]));
  const finalHeight = random.pick([0, status.finalHeight + random.between(1, 1_000)]);
  const tips = status.tips.map(({ shard, author, height }) => ({ shard, author, height: height + random.below(40) }));
  return {
    ...status,
    view,
    finalView,
    finalHeight,
    tips: random.chance(0.5) ? [{ shard: 1, author: 0, height: 7_777 }] : tips,
  };
}
