import { type VoteKind, voteDigest } from '../certificate.ts';
import { sealSegment, signedHeaderOf } from '../chain/segment.ts';
import { verify } from '../crypto/verify.ts';
import { pairSegments, pairVotes, restartBody, restartOf, verifyEvidence } from '../evidence.ts';
import { encodeSignedOperation, signOperation } from '../governance/operation.ts';
import { type Hash, ZERO_HASH } from '../hash.ts';
import { CHAIN, filled, ROSTER, VALIDATOR_KEYS } from './fixtures/people.ts';
import { show } from './fixtures/show.ts';

const [FIRST] = VALIDATOR_KEYS;

/** What a block may carry about the first validator: two votes, nullify with finalize, two segments, its restart. */
export function vectors(): unknown {
  if (FIRST === undefined) throw new RangeError('no validator');
  const { publicKey, sign } = FIRST;
  const vote = (kind: VoteKind, blockHash: Hash | undefined) => {
    const subject = { kind, epoch: 0, view: 4_294_967_297, blockHash };
    return { ...subject, signer: 0, signature: sign(voteDigest(CHAIN, subject)) };
  };
  const segment = (byte: number) => {
    const place = { chain: CHAIN, epoch: 0, incarnation: 1, shard: 2, author: 0, height: 5, parent: ZERO_HASH };
    return signedHeaderOf(
      sealSegment({ ...place, timeMs: 1_767_225_600_000 }, [{ kind: byte, bytes: filled(1) }], sign),
    );
  };
  const times = { notAfterMs: 1_767_226_200_000, timeMs: 1_767_225_600_000 };
  const body = restartBody(0, 0, 1, new Uint8Array(16).fill(9));
  const operation = { chain: CHAIN, actor: publicKey, seq: 0, ...times, kind: 'chain.restart', body } as const;
  const all = [
    pairVotes(vote('notarize', filled(2)), vote('notarize', filled(1))),
    pairVotes(vote('finalize', filled(2)), vote('nullify', undefined)),
    pairSegments(segment(1), segment(2)),
    restartOf(encodeSignedOperation(signOperation(operation, [FIRST]))),
  ];
  return show(
    all.map((evidence) => {
      const { kind, author, bytes } = evidence;
      return { kind, author, bytes, holds: verifyEvidence(CHAIN, ROSTER, evidence, verify) };
    }),
  );
}
