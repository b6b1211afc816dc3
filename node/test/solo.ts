import { genesisAnchor } from '../../consensus/anchor.ts';
import { createReplica, step } from '../../consensus/replica.ts';
import type { Replica } from '../../consensus/replica-state.ts';
import type { ExecutedBlock, Input, JournalEntry, ReplicaConfig } from '../../consensus/types.ts';
import { ITEM_KINDS } from '../../protocol/chain/segment.ts';
import type { CborValue } from '../../protocol/codec/cbor.ts';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { verify } from '../../protocol/crypto/verify.ts';
import { chainId, type Genesis, genesisRoster, parseGenesis } from '../../protocol/genesis.ts';
import { encodeSignedBallot, type SignedBallot, signBallot } from '../../protocol/governance/ballot.ts';
import { createState } from '../../protocol/governance/create.ts';
import { encodeSignedOperation, type OperationKind, signOperation } from '../../protocol/governance/operation.ts';
import { paramsProposeBody } from '../../protocol/governance/operations/network-change.ts';
import { sessionCloseBody } from '../../protocol/governance/operations/session-end.ts';
import { sessionOpenBody } from '../../protocol/governance/operations/session-open.ts';
import { toHex } from '../../protocol/hex.ts';
import { parseId, shardOf } from '../../protocol/ids.ts';

export const SOLO_KEY = keyPairFromSeed(new Uint8Array(32).fill(7));
export const SPACE = parseId('main');
export const SESSION = parseId('s1');
const START_MS = 1_700_000_000_000;
const FAR_MS = START_MS + 500_000;

export const SOLO_GENESIS: Genesis = parseGenesis({
  v: 1,
  network: 'solo-net',
  createdAt: '2026-01-01T00:00:00.000Z',
  validators: [{ name: 'v0', key: toHex(SOLO_KEY.publicKey), peer: 'peer', addrs: [] }],
  models: ['a', 'a-b', 'ab', 'abc', 'b'].map((id) => ({ id, operator: 'v0', auth: 'operator' })),
  spaces: [{ id: SPACE, title: 'Main', openers: [toHex(SOLO_KEY.publicKey)] }],
  admins: { keys: [toHex(SOLO_KEY.publicKey)], threshold: 1 },
  params: { shards: 2, viewTimerMs: 100, blockIntervalMs: 20 },
});

export const SOLO_CONFIG: ReplicaConfig = {
  chain: chainId(SOLO_GENESIS),
  roster: genesisRoster(SOLO_GENESIS),
  self: 0,
  shards: 2,
  viewTimerMs: 100,
  blockIntervalMs: 20,
  sign: (message) => SOLO_KEY.sign(message),
  verify,
};

/** A network of one, on a clock of its own: real blocks, and the journal records that came before them. */
export class Solo {
  readonly replica: Replica;
  readonly entries: JournalEntry[] = [];
  executed: ExecutedBlock[] = [];
  #nowMs = 1_000;
  #seq = 0;

  constructor() {
    const anchor = genesisAnchor(SOLO_CONFIG.chain);
    this.replica = createReplica(SOLO_CONFIG, createState(SOLO_GENESIS), anchor);
    this.#step({ kind: 'start' });
  }

  /** Open a session: one proposal, `revisable` or not. */
  open(revisable: boolean, session: string = SESSION, voters: readonly string[] = ['a', 'ab', 'b']): void {
    const electorate = voters.map((voter) => ({ voter: parseId(voter), role: 'general', weight: 1 }));
    const body = sessionOpenBody({
      space: SPACE,
      session: parseId(session),
      title: 'Session',
      rule: { method: 'score', threshold: null, revisable, complete: true, close: 'opener' },
      electorate,
      proposals: [{ id: parseId('p1'), title: 'Proposal' }],
      draft: false,
    });
    this.#operation('session.open', body);
  }

  close(session: string = SESSION): void {
    this.#operation('session.close', sessionCloseBody({ space: SPACE, session: parseId(session) }));
  }

  /** Another number of shards, and with it the end of the epoch. */
  reshard(shards: number): void {
    this.#operation('params.propose', paramsProposeBody({ epoch: 0, shards }));
  }

  ballot(voter: string, weight: number, session = 's1', previous?: Uint8Array): SignedBallot {
    const names = { space: SPACE, session: parseId(session), voter: parseId(voter) };
    const entries = [{ proposal: parseId('p1'), choice: { method: 'score', weight } as const }];
    const times = { notAfterMs: FAR_MS, timeMs: START_MS };
    return signBallot({ chain: SOLO_CONFIG.chain, ...names, ...times, previous, entries }, undefined);
  }

  /** Seal ballots and go on until their block is executed. Each in its voter's shard, or all in the one named. */
  vote(ballots: readonly SignedBallot[], shard?: number): void {
    for (const signed of ballots) {
      const place = shard ?? shardOf(signed.ballot.space, signed.ballot.voter, 2);
      this.#submit(place, { kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(signed) }, signed.id, false);
    }
    this.#advance();
  }

  /** The blocks executed since the last call. */
  take(): ExecutedBlock[] {
    const { executed } = this;
    this.executed = [];
    return executed;
  }

  #operation(kind: OperationKind, body: CborValue): void {
    this.#seq += 1;
    const base = {
      chain: SOLO_CONFIG.chain,
      actor: SOLO_KEY.publicKey,
      seq: this.#seq,
      notAfterMs: FAR_MS,
      timeMs: START_MS,
    };
    const signed = signOperation({ ...base, kind, body }, [SOLO_KEY]);
    this.#submit(0, { kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed) }, signed.id);
  }

  #submit(shard: number, item: { kind: number; bytes: Uint8Array }, id: Uint8Array, advance = true): void {
    this.#step({ kind: 'submit', shard, item, id });
    if (advance) this.#advance();
  }

  #advance(): void {
    const height = this.replica.executed.height;
    for (let tries = 0; tries < 200 && (tries < 20 || this.replica.executed.height === height); tries++) {
      this.#nowMs += 10;
      this.#step({ kind: 'tick' });
    }
  }

  #step(input: Input): void {
    const now = { monoMs: this.#nowMs, wallMs: START_MS + this.#nowMs };
    const { persist, deliver } = step(this.replica, input, now);
    this.entries.push(...persist);
    for (const delivery of deliver) if (delivery.kind === 'executed') this.executed.push(delivery.executed);
    if (persist.length > 0) this.#step({ kind: 'synced' });
  }
}
