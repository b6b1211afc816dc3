/**
 * The rules of voting (consensus.md 2.3; S-01, S-03, S-04, S-05, R-04) without time, for exhaustive search. Nothing here is
 * production code, and nothing of it is used.
 *
 * What the network and the Byzantine validators may do is taken as widely as it can be: a vote once cast may be known to
 * anybody at any time or never, so every certificate that honest votes and all votes of the Byzantine make possible may
 * be known too; the Byzantine have signed everything, and lead every view. Whoever acts on less knowledge acts in a way
 * that is covered. A node is a few small numbers, honest nodes are alike, and a state is the multiset of them.
 */
export interface Rules {
  readonly n: number;
  readonly byzantine: number;
  /** q of the certificates. */
  readonly quorum: number;
  readonly views: 1 | 2;
  /** NEG1, NEG2: a crash takes back what a node knows of its own votes, or notarizes; the votes themselves are out. */
  readonly forgets?: 'votes' | 'notarizes';
  /** NEG5: a node finalizes although it nullified. */
  readonly finalizesNullified?: boolean;
}

/** Blocks by number; 0 is none. View 1: two on genesis. View 2: two on each of genesis and the blocks of view 1. */
export const BLOCKS: readonly { readonly view: number; readonly parent: number }[] = [
  { view: 0, parent: 0 },
  { view: 1, parent: 0 },
  { view: 1, parent: 0 },
  { view: 2, parent: 0 },
  { view: 2, parent: 0 },
  { view: 2, parent: 1 },
  { view: 2, parent: 1 },
  { view: 2, parent: 2 },
  { view: 2, parent: 2 },
];

/** What one honest node did in one view, ever: blocks it notarized and finalized as bits, and whether it nullified. */
export interface ViewRecord {
  readonly notarized: number;
  readonly finalized: number;
  readonly nullified: boolean;
  /** NEG1: it does not know of the above any more. */
  readonly forgot: boolean;
}

export interface Honest {
  /** Current view, 1…views + 1. */
  readonly view: number;
  /** By view − 1. */
  readonly records: readonly ViewRecord[];
}

const BLANK: ViewRecord = { notarized: 0, finalized: 0, nullified: false, forgot: false };

export function startOf({ n, byzantine, views }: Rules): Honest[] {
  const records = Array.from({ length: views }, () => BLANK);
  return Array.from({ length: n - byzantine }, () => ({ view: 1, records }));
}

/** Which certificates may be: by view − 1, blocks as bits, and the nullification. */
export interface Certificates {
  readonly notarized: number;
  readonly finalized: number;
  readonly nullified: boolean;
}

export function certificatesOf({ byzantine, quorum, views }: Rules, nodes: readonly Honest[]): Certificates[] {
  return Array.from({ length: views }, (_, at) => {
    const votes = (has: (record: ViewRecord) => boolean): boolean =>
      nodes.filter(({ records }) => has(records[at] ?? BLANK)).length + byzantine >= quorum;
    let [notarized, finalized] = [0, 0];
    for (let block = 1; block < BLOCKS.length; block++) {
      if (BLOCKS[block]?.view !== at + 1) continue;
      const bit = 1 << block;
      if (votes((record) => (record.notarized & bit) !== 0)) notarized |= bit;
      if (votes((record) => (record.finalized & bit) !== 0)) finalized |= bit;
    }
    return { notarized, finalized, nullified: votes(({ nullified }) => nullified) };
  });
}

/** Everything one node may do next. */
export function movesOf(rules: Rules, node: Honest, certificates: readonly Certificates[]): Honest[] {
  const moves: Honest[] = [];
  const current = certificates[node.view - 1];
  // S-01 ENTER.
  if (current !== undefined && (current.notarized !== 0 || current.nullified)) {
    moves.push({ ...node, view: node.view + 1 });
  }
  for (let view = 1; view <= Math.min(node.view, rules.views); view++) {
    const record = node.records[view - 1] ?? BLANK;
    for (const next of recordMoves(rules, node, view, record, certificates)) {
      moves.push({ ...node, records: node.records.map((old, at) => (at === view - 1 ? next : old)) });
    }
  }
  return moves;
}

function recordMoves(
  rules: Rules,
  node: Honest,
  view: number,
  record: ViewRecord,
  certificates: readonly Certificates[],
): ViewRecord[] {
  const known = record.forgot ? afterCrash(rules, record) : record;
  const moves: ViewRecord[] = [];
  for (let block = 1; block < BLOCKS.length; block++) {
    if (BLOCKS[block]?.view !== view) continue;
    const bit = 1 << block;
    // S-03 NOTARIZE, in the current view only, once, and not after an own nullify.
    const mayNotarize = view === node.view && known.notarized === 0 && !known.nullified;
    if (mayNotarize && isValid(block, certificates)) {
      moves.push({ ...record, notarized: record.notarized | bit, forgot: false });
    }
    // S-05 FINALIZE what is notarized, once, and not after an own nullify.
    const isNotarized = ((certificates[view - 1]?.notarized ?? 0) & bit) !== 0;
    const mayFinalize = known.finalized === 0 && (!known.nullified || rules.finalizesNullified === true);
    if (isNotarized && mayFinalize) moves.push({ ...record, finalized: record.finalized | bit, forgot: false });
  }
  // S-04 NULLIFY, also after a notarize, never after a finalize; in a view that is over it is R-04, healing.
  if (!known.nullified && known.finalized === 0) moves.push({ ...record, nullified: true, forgot: false });
  if (rules.forgets !== undefined && !record.forgot && record !== BLANK) moves.push({ ...record, forgot: true });
  return moves;
}

function afterCrash({ forgets }: Rules, record: ViewRecord): ViewRecord {
  return forgets === 'votes' ? BLANK : { ...record, notarized: 0 };
}

/** S-02, S-11: the parent is certified, and every view between is nullified. */
function isValid(block: number, certificates: readonly Certificates[]): boolean {
  const { view, parent } = BLOCKS[block] ?? { view: 0, parent: 0 };
  const below = BLOCKS[parent]?.view ?? 0;
  if (parent !== 0 && ((certificates[below - 1]?.notarized ?? 0) & (1 << parent)) === 0) return false;
  for (let between = below + 1; between < view; between++) if (!certificates[between - 1]?.nullified) return false;
  return true;
}
