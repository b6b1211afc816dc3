import { ZERO_HASH } from '../../../protocol/hash.ts';
import { signVote, type Villain, type VillainTools } from './villain.ts';

/** Nullifies what it finalizes and finalizes what it nullifies (Commonware's nuller). */
export function nullifyAndFinalize(tools: VillainTools): Villain {
  return {
    send: (_, message) => {
      if (message.kind !== 'vote') return [message];
      const { kind, view } = message.vote;
      if (kind !== 'nullify') return [message, signVote(tools, 'nullify', view, undefined)];
      const hash = tools.twins.get(view)?.[0].hash ?? ZERO_HASH;
      return [signVote(tools, 'finalize', view, hash), message];
    },
  };
}
