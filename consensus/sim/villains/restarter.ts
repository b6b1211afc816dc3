import { restartBody, restartOf } from '../../../protocol/evidence.ts';
import { encodeSignedOperation, signOperation } from '../../../protocol/governance/operation.ts';
import type { Message } from '../../types.ts';
import { WORLD_STARTS_MS } from '../node.ts';
import type { Villain, VillainTools } from './villain.ts';

const ASKS = 0.01;
const DAY_MS = 86_400_000;

/** Starts its chains anew, again and again, as if it had lost its disk; also under incarnations that are not its turn. */
export function restartForEver(tools: VillainTools): Villain {
  const { random, chain } = tools;
  let incarnation = 0;
  const ask = (): Message => {
    const { self, signer, epoch } = tools;
    if (random.chance(0.5)) incarnation += 1;
    const body = restartBody(
      epoch,
      self,
      Math.max(1, incarnation),
      Uint8Array.from({ length: 16 }, () => random.below(256)),
    );
    const times = { notAfterMs: WORLD_STARTS_MS + random.pick([-1, 1]) * DAY_MS, timeMs: WORLD_STARTS_MS };
    const operation = { chain, actor: signer.publicKey, seq: 0, ...times, kind: 'chain.restart', body } as const;
    return { kind: 'evidence', evidence: restartOf(encodeSignedOperation(signOperation(operation, [signer]))) };
  };
  return { send: (_, message) => (random.chance(ASKS) ? [message, ask()] : [message]) };
}
