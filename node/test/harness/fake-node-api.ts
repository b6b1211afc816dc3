import { hashBlock } from '../../../protocol/chain/block.ts';
import { ITEM_KINDS, type Item, sealSegment } from '../../../protocol/chain/segment.ts';
import { type KeyPair, keyPairFromSeed } from '../../../protocol/crypto/keys.ts';
import { verify } from '../../../protocol/crypto/verify.ts';
import { WaggleError } from '../../../protocol/errors.ts';
import { chainId, type Genesis, genesisRoster, parseGenesis } from '../../../protocol/genesis.ts';
import { encodeSignedBallot, type SignedBallot, signBallot } from '../../../protocol/governance/ballot.ts';
import { createState } from '../../../protocol/governance/create.ts';
import { placeOf } from '../../../protocol/governance/epochs.ts';
import { applyItem, closeAfter, closeDue } from '../../../protocol/governance/machine.ts';
import { encodeSignedOperation, type SignedOperation } from '../../../protocol/governance/operation.ts';
import { isEnded, missingVoters } from '../../../protocol/governance/queries.ts';
import { headKey } from '../../../protocol/governance/row-keys.ts';
import type { HeadRow } from '../../../protocol/governance/state.ts';
import { type Hash, hashesEqual, ZERO_HASH } from '../../../protocol/hash.ts';
import { toHex } from '../../../protocol/hex.ts';
import { parseId } from '../../../protocol/ids.ts';
import { shardsRoot } from '../../../protocol/receipt/checkpoint.ts';
import type { Roster } from '../../../protocol/roster.ts';
import { Decisions } from '../../agent/decisions.ts';
import type {
  AgentFacts,
  BallotFacts,
  BlockFacts,
  FinalFacts,
  HeadFacts,
  HistoryRecord,
  NodeApi,
  NodeStatus,
  SegmentFacts,
  Submission,
} from '../../rpc/node-api.ts';

export const START_MS = Date.parse('2026-03-01T12:00:00.000Z');
export const pair = (byte: number): KeyPair => keyPairFromSeed(new Uint8Array(32).fill(byte));
const VALIDATORS = [1, 2, 3, 4].map(pair);
const key = (one: KeyPair): string => toHex(one.publicKey);

/** v0 and v1 sign for themselves; m0…m5 vote through node1, far through node2. node1 is opener and only admin. */
export const GENESIS: Genesis = parseGenesis({
  v: 1,
  network: 'test-net',
  createdAt: '2026-01-01T00:00:00.000Z',
  validators: VALIDATORS.map((one, at) => ({ name: `node${at + 1}`, key: key(one), peer: `peer${at}`, addrs: [] })),
  models: [
    ...[0, 1].map((at) => ({ id: `v${at}`, operator: 'node1', auth: 'voter', key: key(pair(40 + at)) })),
    ...[0, 1, 2, 3, 4, 5].map((at) => ({ id: `m${at}`, operator: 'node1', auth: 'operator' })),
    { id: 'far', operator: 'node2', auth: 'operator' },
  ],
  spaces: [{ id: 'main', title: 'Main', openers: [key(pair(1))] }],
  admins: { keys: [key(pair(1))], threshold: 1 },
  params: { shards: 4, viewTimerMs: 100, blockIntervalMs: 25 },
});

const ESTIMATES = { deliveryPerS: 2_500, finalMsMin: 30, itemBytes: 200, finalMsP99: 45, pipeItems: 75 };
const TARGETS = { itemsTarget: 512, bytesTarget: 262_144, lingerMs: 5, inFlightSegmentsMax: 32 };
const SMALLER = { ...TARGETS, itemsTarget: 75 };

const FINDING = {
  code: 'disk-slow',
  share: 0.6,
  gainMs: 20,
  text: 'the disk syncs slowly: a vote waits for three syncs, one after the other',
  evidence: { syncMs: 6.66666, finalMs: 33 },
};

/** What the agent of a node says that had some work on shard 1. */
const AGENT: Omit<AgentFacts, 'decisions' | 'mode'> = {
  findings: () => [FINDING],
  isSampling: false,
  windows: 12,
  reasons: { 'queue-stands': 1, 'rate-grows': 1 },
  last: {
    timeMs: START_MS,
    sample: {
      atMs: 1_200,
      windowMs: 100,
      shards: [],
      machine: {
        loopDelayMsP99: 2.5,
        cpuShare: 0.75,
        syncMs: 0.4,
        residentBytes: 120_000_000,
        links: [{ peer: 'node2', bytesPerS: 250_000, roundTripMs: 0.25 }],
      },
    },
  },
  shards: [
    { shard: 0, targets: TARGETS, estimates: undefined, decision: undefined, delivered: undefined },
    {
      shard: 1,
      targets: SMALLER,
      estimates: ESTIMATES,
      decision: decided().latest(1),
      delivered: {
        windowMs: 100,
        sample: {
          shard: 1,
          deliveredItems: 250,
          deliveredBytes: 50_000,
          sealedSegments: 4,
          sealedItems: 260,
          inFlightSegments: 1,
          inFlightItems: 60,
          waitingItems: 10,
          finalMs: { min: 28.5, p50: 33, p99: 45 },
          parts: { sealMs: 4, orderMs: 27.5, executeMs: 1.5 },
        },
      },
    },
  ],
};

function decided(): Decisions {
  const decisions = new Decisions('1772366399000');
  const one = { atMs: 1_000, shard: 1, estimates: ESTIMATES };
  decisions.record([{ ...one, phase: 'startup', reason: 'rate-grows', targets: TARGETS }], START_MS - 200);
  decisions.record([{ ...one, phase: 'drain', reason: 'queue-stands', targets: SMALLER }], START_MS - 100);
  return decisions;
}

/**
 * A node of one: every submission is a block of its own, executed at once by the real rules. What a test may bend:
 * the status, whether submissions are taken, and whether they ever become final.
 */
export class FakeNodeApi implements NodeApi {
  readonly chain = chainId(GENESIS);
  readonly genesis = GENESIS;
  readonly name = 'node1';
  readonly version = '0.0.0-test';
  readonly self = 0;
  readonly operatorKey = pair(1);
  readonly keys = new Map<string, KeyPair>([['v0', pair(40)]]);
  readonly keyFaults = new Map<string, string>();
  readonly submitted: string[] = [];
  /** Two of them, as after the first load of shard 1. */
  readonly decisions = decided();
  mode: AgentFacts['mode'] = 'adaptive';
  statusChange: Partial<NodeStatus> = {};
  submitFault: WaggleError | undefined;
  /** Accepted, and never final. */
  isStuck = false;
  /** Calls before the next block: what happened elsewhere in between. */
  beforeBlock: (() => void) | undefined;
  /** Unix milliseconds: block time and the clock of the door. */
  nowMs = START_MS;

  /** Nothing is kept of the blocks up to here. */
  floorHeight = 0;

  readonly #state = createState(GENESIS);
  readonly #roster = genesisRoster(GENESIS);
  readonly #blocks: BlockFacts[] = [];
  readonly #ballots: BallotFacts[] = [];
  readonly #archived = new Map<string, HeadRow>();
  readonly #segments = new Map<string, SegmentFacts>();
  readonly #listeners = new Set<(head: HeadFacts) => void>();

  status(): NodeStatus {
    const { height } = this.head();
    const reached = {
      epoch: 0,
      view: height,
      height,
      finalHeight: height,
      finalizedAtMs: this.nowMs,
      uptimeMs: 1234.5,
    };
    const fine = { syncing: false, ready: true, notReadyReason: undefined, writable: true };
    return { ...reached, ...fine, ...this.statusChange };
  }

  peers() {
    const known = { validator: true, address: '/ip4/127.0.0.1/tcp/1', direction: 'outbound' } as const;
    return [
      { name: 'node2', peer: 'peer1', ...known, connected: true, latencyMs: 0.25 },
      { name: 'node3', peer: 'peer2', ...known, connected: false, lastError: 'refused' },
    ];
  }

  agent(): AgentFacts {
    return { ...AGENT, mode: this.mode, decisions: this.decisions };
  }

  chains() {
    return [0, 1].map((shard) => ({
      shard,
      author: 0,
      tip: { height: 1, id: ZERO_HASH },
      finalHeight: 1,
      backlog: 0,
      incarnation: 0,
      muted: false,
    }));
  }

  state() {
    return this.#state;
  }

  head(): HeadFacts {
    return this.#blocks.at(-1) ?? { height: 0, hash: ZERO_HASH, timeMs: 0, view: 0, certificate: undefined };
  }

  async block(at: { readonly height: number } | { readonly hash: Hash }) {
    return this.#blocks.find((one) => ('height' in at ? one.height === at.height : hashesEqual(one.hash, at.hash)));
  }

  async isPruned(what: HistoryRecord) {
    return this.floorHeight > 0 && (!('height' in what) || what.height <= this.floorHeight);
  }

  firstHeight() {
    return this.floorHeight + 1;
  }

  async segment(id: Hash) {
    return this.#segments.get(toHex(id));
  }

  async segmentsOf(height: number) {
    return [...this.#segments.values()].filter((one) => one.height === height);
  }

  async ballot(id: Hash) {
    const all = this.#ballots.filter(({ ballot }) => hashesEqual(ballot.id, id));
    return all.find(({ outcome }) => outcome === 'counted') ?? all[0];
  }

  async headOf(space: string, session: string, voter: string) {
    const key = headKey(space, session, voter);
    return this.#state.heads.get(key) ?? this.#archived.get(key);
  }

  async missingVoters(space: string, session: string) {
    const isArchived = (voter: string): boolean => this.#archived.has(headKey(space, session, voter));
    return missingVoters(this.#state, space, session).filter((voter) => !isArchived(voter));
  }

  /** The state gives up the heads of what ended, as of a node that ran on for a while; the ledger has them. */
  archiveEnded(): void {
    const { heads, sessions } = this.#state;
    heads.takeChanges();
    for (const [key, head] of [...heads.entries()]) {
      const row = sessions.get(key.slice(0, key.lastIndexOf('/')));
      if (row !== undefined && isEnded(row) && heads.archive(key)) this.#archived.set(key, head);
    }
  }

  async ballots(space: string, session: string, options: { voter?: string; after?: string; limit: number }) {
    const { voter, after = '', limit } = options;
    return this.#ballots
      .filter(({ ballot: { ballot } }) => ballot.space === space && ballot.session === session)
      .filter(({ ballot: { ballot } }) => (voter ?? ballot.voter) === ballot.voter)
      .map((facts) => ({ ...facts, cursor: `${facts.ballot.ballot.voter}.${String(facts.height).padStart(6, '0')}` }))
      .sort((a, b) => (a.cursor < b.cursor ? -1 : 1))
      .filter(({ cursor }) => cursor > after)
      .slice(0, limit);
  }

  rosterOf(epoch: number): Roster | undefined {
    return epoch === 0 ? genesisRoster(GENESIS) : undefined;
  }

  async epochProofs() {
    return [];
  }

  async checkpoint(height: number) {
    const found = this.#blocks[height - 1];
    if (found === undefined) return [];
    const { hash: blockHash, timeMs } = found;
    const root = shardsRoot([]);
    const one = (signer: number, history: Hash) => ({
      checkpoint: { chain: this.chain, epoch: 0, height, blockHash, timeMs, history, root },
      signer,
      signature: new Uint8Array(64),
    });
    return [one(3, new Uint8Array(32).fill(9)), one(0, ZERO_HASH), one(1, ZERO_HASH)];
  }

  async modelKey(model: string) {
    return this.keys.get(model);
  }

  modelKeyFault(model: string) {
    return this.keyFaults.get(model);
  }

  submitBallot(signed: SignedBallot): Submission {
    const { space, voter } = signed.ballot;
    const shard = placeOf(this.#state, space, voter);
    return this.#submit(signed.id, shard, { kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(signed) });
  }

  submitOperation(signed: SignedOperation): Submission {
    return this.#submit(signed.id, 0, { kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed) });
  }

  #submit(id: Hash, shard: number, item: Item): Submission {
    this.submitted.push(toHex(id));
    const fault = this.submitFault;
    if (fault !== undefined) {
      const [accepted, final] = [Promise.reject(fault), Promise.reject(fault)];
      // As of a real node: who does not wait need not hear of it.
      for (const promise of [accepted, final]) promise.catch(() => undefined);
      return { id, shard, accepted, final };
    }
    const accepted = Promise.resolve();
    if (this.isStuck) return { id, shard, accepted, final: Promise.withResolvers<FinalFacts>().promise };
    return { id, shard, accepted, final: accepted.then(() => this.#execute(shard, item)) };
  }

  #execute(shard: number, item: Item): FinalFacts {
    const before = this.beforeBlock;
    this.beforeBlock = undefined;
    before?.();
    return this.advance(shard, item, 0) ?? { outcome: 'malformed', height: this.head().height };
  }

  /** One block with at most one item, by any author; without an item only time passes. */
  advance(shard = 0, item?: Item, author = 0): FinalFacts | undefined {
    const height = this.head().height + 1;
    const timeMs = Math.max(this.nowMs, this.head().timeMs + 1);
    const context = { height, timeMs, roster: this.#roster, verify };
    closeDue(this.#state, context);
    const applied = item && applyItem(this.#state, context, { ...item, shard, author });
    closeAfter(this.#state, context);
    if (item !== undefined && applied !== undefined) {
      const place = { chain: this.chain, epoch: 0, incarnation: 0, shard, author, height, parent: ZERO_HASH, timeMs };
      const segment = sealSegment(place, [item], pair(1).sign);
      this.#segments.set(toHex(segment.id), { segment, height, outcomes: [applied.outcome] });
      this.lastSegment = segment.id;
      const { outcome } = applied;
      const name = GENESIS.validators[author]?.name ?? '';
      if (applied.ballot) this.#ballots.push({ ballot: applied.ballot, outcome, height, shard, author: name });
    }
    this.#push(height, timeMs);
    if (applied === undefined) return undefined;
    const { outcome, counted } = applied;
    return counted === undefined ? { outcome, height } : { outcome, height, counted };
  }

  lastSegment: Hash = ZERO_HASH;

  #push(height: number, timeMs: number): void {
    const parentHash = this.head().hash;
    const base = { chain: this.chain, epoch: 0, view: height, height, parentView: height - 1, parentHash, timeMs };
    const block = hashBlock({ ...base, proposer: 0, flags: 0, cut: [], evidence: [] });
    const certificate = {
      kind: 'finalize' as const,
      epoch: 0,
      view: height,
      blockHash: block.hash,
      signers: [0, 1, 2],
      signatures: [0, 1, 2].map(() => new Uint8Array(64)),
    };
    this.#blocks.push({ height, hash: block.hash, timeMs, view: height, certificate, block });
    for (const listener of this.#listeners) listener(this.head());
  }

  /** Another ballot of this voter, sealed and executed before what is under way. */
  advanceOther(voter: string): void {
    const session = this.#state.sessions.get('main/s1');
    const entries = (session?.proposals ?? []).map(({ id }) => ({
      proposal: id,
      choice: { method: 'score', weight: 1 } as const,
    }));
    const place = { space: parseId('main'), session: parseId('s1'), voter: parseId(voter), previous: undefined };
    const times = { notAfterMs: this.nowMs + 60_000, timeMs: this.nowMs };
    const signed = signBallot({ chain: this.chain, ...place, ...times, entries }, undefined);
    const shard = placeOf(this.#state, 'main', voter);
    this.advance(shard, { kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(signed) });
  }

  /** An operation that another process ordered before what is under way. */
  advanceOperation(signed: SignedOperation): void {
    this.advance(0, { kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed) });
  }

  readonly #listening = Promise.withResolvers<void>();
  /** Resolves when somebody first waits for a block. */
  readonly listening = this.#listening.promise;
  readonly #unlistened = Promise.withResolvers<void>();
  readonly unlistened = this.#unlistened.promise;

  onHead(listener: (head: HeadFacts) => void) {
    this.#listening.resolve();
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      this.#unlistened.resolve();
    };
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async metricsText() {
    return '# TYPE waggle_test gauge\nwaggle_test 1\n';
  }

  /** A pool that is full. */
  static readonly BUSY = new WaggleError('WAGGLE_SUBMIT_BUSY', {});
}
