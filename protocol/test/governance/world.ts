import { ITEM_KINDS } from '../../chain/segment.ts';
import type { CborValue } from '../../codec/cbor.ts';
import { type KeyPair, keyPairFromSeed } from '../../crypto/keys.ts';
import { verify } from '../../crypto/verify.ts';
import { type Genesis, genesisRoster, parseGenesis } from '../../genesis.ts';
import type { AppliedItem } from '../../governance/applied.ts';
import { type Ballot, encodeSignedBallot, type SignedBallot, signBallot } from '../../governance/ballot.ts';
import { createState } from '../../governance/create.ts';
import { placeOf } from '../../governance/epochs.ts';
import { applyItem, closeAfter, closeDue, type PlacedItem } from '../../governance/machine.ts';
import {
  encodeSignedOperation,
  type Operation,
  type OperationKind,
  type SignedOperation,
  signOperation,
} from '../../governance/operation.ts';
import { type SessionOpen, sessionOpenBody } from '../../governance/operations/session-open.ts';
import { encodeRow, TABLES } from '../../governance/rows.ts';
import type { BlockContext, GovernanceState } from '../../governance/state.ts';
import type { Entry, SessionRule } from '../../governance/types.ts';
import { toHex } from '../../hex.ts';
import { type Id, parseId } from '../../ids.ts';
import type { Roster } from '../../roster.ts';

export const pair = (byte: number): KeyPair => keyPairFromSeed(new Uint8Array(32).fill(byte));
export const VALIDATORS = [1, 2, 3, 4].map(pair);
export const ADMINS = [11, 12, 13].map(pair);
export const OPENER = pair(21);
export const STRANGER = pair(29);
export const voterKey = (at: number): KeyPair => pair(40 + at);

export const SPACE = parseId('main');
export const SESSION = parseId('0001');
export const START_MS = 1_000_000;
export const STEP_MS = 1_000;
export const FAR_MS = 9_000_000;

const key = (one: KeyPair): string => toHex(one.publicKey);

/** m0 and m1 sign for themselves; the others vote through node1…node4 in turn, m2 having a key all the same. */
export const GENESIS: Genesis = parseGenesis({
  v: 1,
  network: 'test-net',
  createdAt: '2026-01-01T00:00:00.000Z',
  validators: VALIDATORS.map((one, at) => ({ name: `node${at + 1}`, key: key(one), peer: `peer${at}`, addrs: [] })),
  models: Array.from({ length: 12 }, (_, at) => ({
    id: `m${at}`,
    operator: `node${(at % 4) + 1}`,
    auth: at < 2 ? 'voter' : 'operator',
    ...(at < 3 ? { key: key(voterKey(at)) } : {}),
  })),
  spaces: [{ id: SPACE, title: 'Main', openers: [key(OPENER)] }],
  admins: { keys: ADMINS.map(key), threshold: 2 },
  params: { shards: 4, viewTimerMs: 100, blockIntervalMs: 25 },
});

export const RULE: SessionRule = {
  method: 'score',
  threshold: { op: '>=', percent: { num: 70, den: 1 } },
  hold: { num: 40, den: 1 },
  veto: { maxWeight: 2, role: 'general', textRequired: true, revisionAt: 50, rejectAt: 80 },
  revisable: false,
  complete: true,
  close: 'opener',
};

export function sessionOpen(changed: Partial<SessionOpen> = {}, voters = 4): SessionOpen {
  return {
    space: SPACE,
    session: SESSION,
    title: 'First session',
    rule: RULE,
    electorate: Array.from({ length: voters }, (_, at) => ({ voter: parseId(`m${at}`), role: 'general', weight: 1 })),
    proposals: ['001', '002'].map((id) => ({ id: parseId(id), title: `Proposal ${id}`, category: 'Security' })),
    draft: false,
    ...changed,
  };
}

export const score = (proposal: string, weight: number, rest: Partial<Entry> = {}): Entry => ({
  proposal: parseId(proposal),
  choice: { method: 'score', weight },
  ...rest,
});
export const scores = (...weights: readonly number[]): Entry[] =>
  weights.map((weight, at) => score(`00${at + 1}`, weight));

const WITHOUT_SEQ: ReadonlySet<OperationKind> = new Set<OperationKind>([
  'session.due',
  'chain.restart',
  'roster.ready',
]);

/** What a block-by-block test drives: rows, block height and time, and makers of what its people sign. */
export class World {
  readonly state: GovernanceState;
  /** Who votes now; changes where a test ends an epoch. */
  roster: Roster;
  height = 1;
  timeMs = START_MS;
  readonly #seqs = new Map<string, number>();

  constructor(genesis: Genesis = GENESIS) {
    this.state = createState(genesis);
    this.roster = genesisRoster(genesis);
  }

  get context(): BlockContext {
    return { height: this.height, timeMs: this.timeMs, roster: this.roster, verify };
  }

  /** Next seq of the actor unless `changed` says otherwise. */
  operation(kind: OperationKind, body: CborValue, signers: readonly KeyPair[], changed: Partial<Operation> = {}) {
    const [actor = STRANGER] = signers;
    const withoutSeq = WITHOUT_SEQ.has(kind);
    const seq = withoutSeq ? 0 : (this.#seqs.get(key(actor)) ?? 0) + 1;
    const base = { chain: this.state.chain, actor: actor.publicKey, seq, notAfterMs: FAR_MS, timeMs: this.timeMs };
    return signOperation({ ...base, kind, body, ...changed }, signers);
  }

  ballot(
    voter: number | string,
    entries: readonly Entry[],
    changed: Partial<Ballot> = {},
    signer?: KeyPair,
  ): SignedBallot {
    const own = voter === 0 || voter === 1 ? voterKey(voter) : undefined;
    const ballot: Ballot = {
      chain: this.state.chain,
      space: SPACE,
      session: SESSION,
      voter: parseId(typeof voter === 'number' ? `m${voter}` : voter),
      previous: undefined,
      notAfterMs: FAR_MS,
      timeMs: this.timeMs,
      entries,
      ...changed,
    };
    return signBallot(ballot, (signer ?? own)?.sign);
  }

  /** Where an honest node seals it: the voter's shard, in a segment of its operator. */
  place(signed: SignedBallot | SignedOperation, changed: Partial<PlacedItem> = {}): PlacedItem {
    if ('operation' in signed) {
      return { kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed), shard: 0, author: 0, ...changed };
    }
    const { space, voter } = signed.ballot;
    const operator = this.state.models.get(voter)?.operator;
    const author = Math.max(
      0,
      this.roster.validators.findIndex(({ name }) => name === operator),
    );
    const shard = placeOf(this.state, space, voter);
    return { kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(signed), shard, author, ...changed };
  }

  apply(signed: SignedBallot | SignedOperation, changed: Partial<PlacedItem> = {}): AppliedItem {
    const applied = applyItem(this.state, this.context, this.place(signed, changed));
    if (applied.outcome === 'applied' && applied.operation !== undefined && applied.operation.operation.seq > 0) {
      this.#seqs.set(toHex(applied.operation.operation.actor), applied.operation.operation.seq);
    }
    return applied;
  }

  /** One block: deadlines, the items in order, ends; the next block is a second later. */
  block(...items: readonly (SignedBallot | SignedOperation)[]): string[] {
    this.begin();
    const outcomes = items.map((item) => this.apply(item).outcome);
    this.end();
    return outcomes;
  }

  begin(): void {
    closeDue(this.state, this.context);
  }

  end(): void {
    closeAfter(this.state, this.context);
    this.height += 1;
    this.timeMs += STEP_MS;
  }

  open(changed: Partial<SessionOpen> = {}, voters = 4): SignedOperation {
    return this.operation('session.open', sessionOpenBody(sessionOpen(changed, voters)), [OPENER]);
  }

  /** All rows as they would be stored. */
  rows(): Map<string, string> {
    const rows = new Map<string, string>();
    for (const { name } of TABLES) {
      for (const [at, row] of this.state[name].entries()) rows.set(`${name}:${at}`, toHex(encodeRow(row)));
    }
    return rows;
  }
}

/** A world with the session of `sessionOpen` open since the block before. */
export function openWorld(changed: Partial<SessionOpen> = {}, voters = 4): World {
  const world = new World();
  const outcomes = world.block(world.open(changed, voters));
  if (outcomes[0] !== 'applied') throw new Error(`the session did not open: ${outcomes[0]}`);
  return world;
}

export const at = { space: SPACE, session: SESSION } satisfies { space: Id; session: Id };
