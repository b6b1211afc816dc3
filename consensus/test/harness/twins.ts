import assert from 'node:assert/strict';
import { type HashedBlock, hashBlock } from '../../../protocol/chain/block.ts';
import { ITEM_KINDS, type Item, type Segment, sealSegment } from '../../../protocol/chain/segment.ts';
import type { CborValue } from '../../../protocol/codec/cbor.ts';
import { keyPairFromSeed } from '../../../protocol/crypto/keys.ts';
import { verify } from '../../../protocol/crypto/verify.ts';
import { chainId, genesisRoster, parseGenesis } from '../../../protocol/genesis.ts';
import { encodeSignedBallot, type SignedBallot, signBallot } from '../../../protocol/governance/ballot.ts';
import { createState } from '../../../protocol/governance/create.ts';
import { encodeSignedOperation, type OperationKind, signOperation } from '../../../protocol/governance/operation.ts';
import { sessionCancelBody, sessionCloseBody } from '../../../protocol/governance/operations/session-end.ts';
import { sessionOpenBody } from '../../../protocol/governance/operations/session-open.ts';
import { isEnded } from '../../../protocol/governance/queries.ts';
import { headKey } from '../../../protocol/governance/row-keys.ts';
import type { GovernanceState } from '../../../protocol/governance/state.ts';
import { type Hash, ZERO_HASH } from '../../../protocol/hash.ts';
import { toHex } from '../../../protocol/hex.ts';
import { parseId, shardOf } from '../../../protocol/ids.ts';
import { type Execution, executeBlock } from '../../execution/executor.ts';

const KEY = keyPairFromSeed(new Uint8Array(32).fill(7));
const SHARDS = 2;
const START_MS = 1_700_000_000_000;
const BLOCK_MS = 1_000;
const FAR_MS = START_MS + 500_000;
const SPACE = parseId('main');
const VOTERS = ['a', 'a-b', 'ab'].map(parseId);

const GENESIS = parseGenesis({
  v: 1,
  network: 'ended-net',
  createdAt: '2026-01-01T00:00:00.000Z',
  validators: [{ name: 'v0', key: toHex(KEY.publicKey), peer: 'peer', addrs: [] }],
  models: VOTERS.map((id) => ({ id, operator: 'v0', auth: 'operator' })),
  spaces: [{ id: SPACE, title: 'Main', openers: [toHex(KEY.publicKey)] }],
  admins: { keys: [toHex(KEY.publicKey)], threshold: 1 },
  params: { shards: SHARDS, viewTimerMs: 100, blockIntervalMs: 20 },
});
const CHAIN = chainId(GENESIS);
const ROSTER = genesisRoster(GENESIS);

/** One for each way to end, and with and without revisions. */
const SESSIONS = [
  { session: parseId('s'), revisable: false, close: 'opener' },
  { session: parseId('s-1'), revisable: true, close: 'opener' },
  { session: parseId('s1'), revisable: false, close: 'all-voted' },
  { session: parseId('s2'), revisable: true, close: 'deadline', closesAtMs: START_MS + 6 * BLOCK_MS },
] as const;

export interface Placed {
  readonly shard: number;
  readonly item: Item;
}

/** Two states that execute the same blocks; after each the second gives up the heads of sessions that ended. */
export class Twins {
  readonly whole = createState(GENESIS);
  readonly lean = createState(GENESIS);
  readonly ballots: SignedBallot[] = [];
  readonly outcomes = new Map<string, string[]>();
  #height = 0;
  #parent: { readonly hash: Hash; readonly history: Hash } = { hash: CHAIN, history: ZERO_HASH };
  readonly #tips = new Map<number, { readonly height: number; readonly id: Hash }>();
  #seq = 0;

  constructor() {
    this.execute(SESSIONS.map((one) => this.#open(one)));
  }

  /** Both execute it, to the same. */
  execute(placed: readonly Placed[]): void {
    this.#height += 1;
    const segments = this.#seal(placed);
    const block = this.#block(segments);
    const { height, timeMs } = block.block;
    const context = { height, timeMs, roster: ROSTER, verify };
    const run = (state: GovernanceState): Execution =>
      executeBlock(state, context, block, segments, this.#parent.history);
    const [expected, found] = [run(this.whole), run(this.lean)];
    assert.deepEqual(found, expected);
    for (const { items } of found.segments) {
      for (const { id, outcome } of items)
        this.outcomes.set(toHex(id), [...(this.outcomes.get(toHex(id)) ?? []), outcome]);
    }
    this.#parent = { hash: block.hash, history: found.history };
    archiveEnded(this.lean);
    assert.equal(this.lean.heads.size, this.whole.heads.size);
  }

  ballot(voter: number, session: number, weight: number): Placed {
    const [name, { session: at, revisable }] = [pick(VOTERS, voter), pick(SESSIONS, session)];
    const previous = revisable ? this.whole.heads.get(headKey(SPACE, at, name))?.ballot : undefined;
    const entries = [{ proposal: parseId('p1'), choice: { method: 'score', weight } as const }];
    const times = { notAfterMs: FAR_MS, timeMs: START_MS + this.#height };
    const signed = signBallot(
      { chain: CHAIN, space: SPACE, session: at, voter: name, previous, ...times, entries },
      undefined,
    );
    this.ballots.push(signed);
    return placeOf(signed);
  }

  end(session: number, isCancelled: boolean): Placed {
    const body = { space: SPACE, session: pick(SESSIONS, session).session, reason: 'a reason' };
    return isCancelled
      ? this.#operation('session.cancel', sessionCancelBody(body))
      : this.#operation('session.close', sessionCloseBody(body));
  }

  #open({ session, revisable, close, ...rest }: (typeof SESSIONS)[number]): Placed {
    const body = {
      space: SPACE,
      session,
      title: 'Session',
      rule: { method: 'score', threshold: null, revisable, complete: true, close } as const,
      electorate: VOTERS.map((voter) => ({ voter, role: 'general', weight: 1 })),
      proposals: [{ id: parseId('p1'), title: 'Proposal' }],
      draft: false,
      ...rest,
    };
    return this.#operation('session.open', sessionOpenBody(body));
  }

  #operation(kind: OperationKind, body: CborValue): Placed {
    this.#seq += 1;
    const facts = { chain: CHAIN, actor: KEY.publicKey, seq: this.#seq, notAfterMs: FAR_MS, timeMs: START_MS };
    const signed = signOperation({ ...facts, kind, body }, [KEY]);
    return { shard: 0, item: { kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed) } };
  }

  #seal(placed: readonly Placed[]): Segment[] {
    return [...new Set(placed.map(({ shard }) => shard))].map((shard) => {
      const tip = this.#tips.get(shard) ?? { height: 0, id: ZERO_HASH };
      const place = { chain: CHAIN, epoch: 0, incarnation: 0, shard, author: 0, parent: tip.id, timeMs: START_MS };
      const items = placed.flatMap((one) => (one.shard === shard ? [one.item] : []));
      const segment = sealSegment({ ...place, height: tip.height + 1 }, items, KEY.sign);
      this.#tips.set(shard, { height: tip.height + 1, id: segment.id });
      return segment;
    });
  }

  #block(segments: readonly Segment[]): HashedBlock {
    const height = this.#height;
    const cut = segments.map(({ header, id }) => {
      const { shard, author, incarnation } = header;
      return { shard, author, incarnation, height: header.height, tip: id };
    });
    cut.sort((a, b) => a.shard - b.shard);
    const place = {
      chain: CHAIN,
      epoch: 0,
      view: height,
      height,
      parentView: height - 1,
      parentHash: this.#parent.hash,
    };
    const timeMs = START_MS + height * BLOCK_MS;
    return hashBlock({ ...place, proposer: 0, flags: 0, timeMs, cut, evidence: [] });
  }
}

export function placeOf(signed: SignedBallot): Placed {
  const shard = shardOf(SPACE, signed.ballot.voter, SHARDS);
  return { shard, item: { kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(signed) } };
}

export function pick<One>(all: readonly One[], at: number): One {
  const one = all[at % all.length];
  assert.ok(one !== undefined);
  return one;
}

function archiveEnded({ sessions, heads }: GovernanceState): void {
  for (const row of sessions.values()) {
    if (!isEnded(row)) continue;
    for (const { voter } of row.electorate) heads.archive(headKey(row.space, row.session, voter));
  }
}
