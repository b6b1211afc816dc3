import { assert } from '../../../protocol/assert.ts';
import { KeySet } from './key-set.ts';
import { BLOCKS, type Certificates, certificatesOf, type Honest, movesOf, type Rules, startOf } from './rules.ts';

export interface Exploration {
  /** States up to the exchange of honest nodes. */
  readonly states: number;
  /** Whether there was nothing left to explore. */
  readonly complete: boolean;
  /** The first state that breaks an invariant, and which. */
  readonly violation: string | undefined;
}

/** Bits of a key, which holds the numbers of all honest nodes. */
const KEY_BITS = 53;

/**
 * Breadth first over all states, honest nodes being interchangeable; ends at the first violation, or when `statesMax`
 * states were seen.
 */
export function explore(rules: Rules, statesMax: number): Exploration {
  const honest = startOf(rules);
  const seen = new KeySet();
  const numbers = new Numbers(2 ** Math.floor(KEY_BITS / honest.length));
  const keyOf = (state: readonly number[]): number => state.reduce((key, number) => key * numbers.max + number, 0);
  const start = honest.map((node) => numbers.of(node));
  let frontier: number[][] = [start];
  seen.add(keyOf(start));
  while (frontier.length > 0) {
    const next: number[][] = [];
    for (const state of frontier) {
      const nodes = state.map((number) => numbers.node(number));
      const certificates = certificatesOf(rules, nodes);
      const violation = violationOf(certificates);
      if (violation !== undefined) return { states: seen.size, complete: false, violation };
      for (const [at, node] of nodes.entries()) {
        // Equal nodes have equal futures.
        if (at > 0 && state[at] === state[at - 1]) continue;
        for (const moved of movesOf(rules, node, certificates)) {
          const reached = state.with(at, numbers.of(moved)).sort((a, b) => a - b);
          if (!seen.add(keyOf(reached))) continue;
          if (seen.size > statesMax) return { states: seen.size, complete: false, violation: undefined };
          next.push(reached);
        }
      }
    }
    frontier = next;
  }
  return { states: seen.size, complete: true, violation: undefined };
}

/** Local states are few; each gets the next number when it is first met. */
class Numbers {
  readonly #numbers = new Map<string, number>();
  readonly #nodes: Honest[] = [];
  readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  of(node: Honest): number {
    const records = node.records.map((one) => [one.notarized, one.finalized, one.nullified, one.forgot]);
    const text = `${node.view} ${records.join(' ')}`;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    assert(this.#nodes.length < this.max, 'the numbers of all nodes fit into a key');
    this.#numbers.set(text, this.#nodes.length);
    return this.#nodes.push(node) - 1;
  }

  node(number: number): Honest {
    const node = this.#nodes[number];
    assert(node !== undefined, 'a number that was given out');
    return node;
  }
}

/** S4, S3, and S1 with S2: final blocks of one chain. */
function violationOf(certificates: readonly Certificates[]): string | undefined {
  const final: number[] = [];
  for (const [at, { notarized, finalized, nullified }] of certificates.entries()) {
    if (count(notarized) > 1) return `S4 two notarized blocks in view ${at + 1}`;
    if (count(finalized) > 1) return `S1 two finalized blocks in view ${at + 1}`;
    if (finalized !== 0 && nullified) return `S3 view ${at + 1} is nullified and finalized`;
    for (let block = 1; block < BLOCKS.length; block++) if ((finalized & (1 << block)) !== 0) final.push(block);
  }
  const [first, second] = final;
  if (first !== undefined && second !== undefined && BLOCKS[second]?.parent !== first) {
    return 'S2 a final block does not stand on the final one below';
  }
  return undefined;
}

function count(bits: number): number {
  let left = bits;
  let ones = 0;
  for (; left !== 0; left &= left - 1) ones += 1;
  return ones;
}
