import type { Villain, VillainTools } from './villain.ts';

const WITHHELD = 0.5;

/** Proposes to a few, gives its segments to one half, votes when it likes and answers when it likes. */
export function withhold(tools: VillainTools): Villain {
  const { random, halves } = tools;
  return {
    send: (to, message) => {
      const isForHalf = message.kind === 'segment' || message.kind === 'propose';
      const kept = isForHalf ? halves[to] === 1 : message.kind !== 'status' && random.chance(WITHHELD);
      return kept ? [] : [message];
    },
    answer: () => (random.chance(WITHHELD) ? [] : undefined),
  };
}
