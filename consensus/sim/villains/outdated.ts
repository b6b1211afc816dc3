import type { Message } from '../../types.ts';
import type { Villain, VillainTools } from './villain.ts';

const KEPT = 400;

/** Lives in the past: sends what it said long ago instead of what it has to say, and old certificates of others. */
export function beOutdated({ random }: VillainTools): Villain {
  const said: Message[] = [];
  return {
    send: (_, message): readonly Message[] => {
      said.push(message);
      if (said.length > KEPT) said.shift();
      const old = said[random.below(Math.max(1, said.length >> 1))] ?? message;
      return random.chance(0.7) ? [old] : [old, message];
    },
    answer: () => (random.chance(0.5) ? said.filter(({ kind }) => kind === 'certificate').slice(0, 8) : undefined),
  };
}
