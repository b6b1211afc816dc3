import {
  type Certificate,
  encodeCertificate,
  VOTE_KINDS,
  verifyCertificate,
  voteDigest,
  writeVote,
} from '../certificate.ts';
import { Writer } from '../codec/writer.ts';
import { verify } from '../crypto/verify.ts';
import { CHAIN, filled, ROSTER, VALIDATOR_KEYS } from './fixtures/people.ts';
import { show } from './fixtures/show.ts';

/** Digest, votes of all validators and the certificates of the first three and the last three, by kind. */
export function vectors(): unknown {
  return show({
    chain: CHAIN,
    kinds: VOTE_KINDS.map((kind) => {
      const subject = { kind, epoch: 0, view: 4_294_967_297, blockHash: kind === 'nullify' ? undefined : filled(5) };
      const digest = voteDigest(CHAIN, subject);
      const votes = VALIDATOR_KEYS.map((key, signer) => ({ ...subject, signer, signature: key.sign(digest) }));
      const certificates = [votes.slice(0, 3), votes.slice(1)].map((part) => {
        const signers = part.map(({ signer }) => signer);
        const certificate: Certificate = { ...subject, signers, signatures: part.map(({ signature }) => signature) };
        const holds = verifyCertificate(CHAIN, ROSTER, certificate, verify);
        return { signers, bytes: encodeCertificate(certificate), holds };
      });
      return { subject, digest, votes: votes.map((vote) => writeVote(new Writer(), vote).finish()), certificates };
    }),
  });
}
