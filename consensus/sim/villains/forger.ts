import { type Certificate, VOTE_KINDS, voteDigest } from '../../../protocol/certificate.ts';
import type { Message } from '../../types.ts';
import type { Villain, VillainTools } from './villain.ts';

/** Makes certificates out of what it has: its own signature many times, signatures of other votes, of other views. */
export function forge(tools: VillainTools): Villain {
  const { random } = tools;
  const collected: Certificate[] = [];
  return {
    send: (_, message): readonly Message[] => {
      if (message.kind === 'certificate' && collected.length < 50) collected.push(message.certificate);
      if (!random.chance(0.3)) return [message];
      const forged = forgery(tools, collected);
      return forged === undefined ? [message] : [{ kind: 'certificate', certificate: forged }, message];
    },
    answer: (_, request) => {
      const forged = request.kind === 'fetch-certificates' ? forgery(tools, collected) : undefined;
      return forged === undefined ? undefined : [{ kind: 'certificate', certificate: forged }];
    },
  };
}

function forgery(tools: VillainTools, collected: readonly Certificate[]): Certificate | undefined {
  const { random, n, self, signer, chain } = tools;
  if (collected.length === 0) return undefined;
  const real = random.pick(collected);
  const kind = random.pick(VOTE_KINDS);
  const blockHash = kind === 'nullify' ? undefined : (real.blockHash ?? new Uint8Array(32).fill(5));
  const subject = { kind, epoch: real.epoch, view: real.view + random.pick([0, 0, 1]), blockHash };
  const own = signer.sign(voteDigest(chain, subject));
  const [most = 0, ...rest] = real.signers;
  const choices: Certificate[] = [
    // The signatures of one certificate under the subject of another.
    { ...real, ...subject },
    // One signer who stands for all.
    { ...subject, signers: real.signers.map(() => self), signatures: real.signers.map(() => own) },
    { ...subject, signers: Array.from({ length: n }, (_, at) => at), signatures: Array.from({ length: n }, () => own) },
    // Too few, and one whom nobody knows.
    { ...real, signers: rest, signatures: real.signatures.slice(1) },
    { ...real, signers: [most, ...rest.slice(1), n + 3], signatures: real.signatures },
  ];
  return random.pick(choices);
}
