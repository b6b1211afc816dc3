import { parseId } from '../ids.ts';
import { createRoster, faultBound, leaderOf, quorum, type Validator } from '../roster.ts';
import { CHAIN, filled, keyOf, ROSTER } from './fixtures/people.ts';
import { show } from './fixtures/show.ts';

function validators(count: number): Validator[] {
  return Array.from({ length: count }, (_, at) => ({
    name: parseId(`node${at + 1}`),
    key: keyOf(at + 1).publicKey,
    peer: '',
    addrs: [],
  }));
}

/** Fault bound and quorum for n = 1…21, and the leader order of some chains and epochs. */
export function vectors(): unknown {
  return show({
    quorums: Array.from({ length: 21 }, (_, at) => ({ n: at + 1, f: faultBound(at + 1), q: quorum(at + 1) })),
    orders: [1, 4, 7, 21].flatMap((n) =>
      [0, 1, 258].map((epoch) => ({
        chain: filled(9),
        epoch,
        n,
        order: createRoster(filled(9), epoch, validators(n)).order,
      })),
    ),
    leaders: { chain: CHAIN, epoch: 0, views: Array.from({ length: 9 }, (_, view) => leaderOf(ROSTER, view)) },
  });
}
