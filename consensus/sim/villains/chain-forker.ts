import { type Segment, sealSegment } from '../../../protocol/chain/segment.ts';
import { toHex } from '../../../protocol/hex.ts';
import type { Message } from '../../types.ts';
import type { Villain, VillainTools } from './villain.ts';

const SHOWS_BOTH = 0.2;
const FORKS_PER_HEIGHT = 2;

/** Signs up to three segments of one height and gives each half of the world another one. */
export function forkChains(tools: VillainTools): Villain {
  const { halves, random } = tools;
  const forks = new Map<string, Segment[]>();
  const byId = new Map<string, Segment>();
  const forksOf = (segment: Segment): Segment[] => {
    let made = forks.get(toHex(segment.id));
    if (made === undefined) {
      made = Array.from({ length: FORKS_PER_HEIGHT }, (_, mark) => forkOf(segment, mark, tools.signer.sign));
      forks.set(toHex(segment.id), made);
      for (const fork of made) byId.set(toHex(fork.id), fork);
    }
    return made;
  };
  return {
    send: (to, message): readonly Message[] => {
      if (message.kind !== 'segment' || message.segment.header.author !== tools.self) return [message];
      const fork = random.pick(forksOf(message.segment));
      const shown: Message = halves[to] === 1 ? { kind: 'segment', segment: fork } : message;
      return random.chance(SHOWS_BOTH) ? [shown, { kind: 'segment', segment: fork }, message] : [shown];
    },
    answer: (_, request) => {
      if (request.kind !== 'fetch-segments' || request.tip === undefined) return undefined;
      const segment = byId.get(toHex(request.tip));
      return segment === undefined ? undefined : [{ kind: 'segment', segment }];
    },
  };
}

function forkOf(segment: Segment, mark: number, sign: (message: Uint8Array) => Uint8Array): Segment {
  const item = { kind: 3, bytes: Uint8Array.of(mark) };
  return sealSegment({ ...segment.header, timeMs: segment.header.timeMs + mark }, [item], sign);
}
