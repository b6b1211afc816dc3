import { executeBlock } from '../../../consensus/execution/executor.ts';
import type { ExecutedBlock } from '../../../consensus/types.ts';
import { assert } from '../../../protocol/assert.ts';
import { hashBlock } from '../../../protocol/chain/block.ts';
import { ITEM_KINDS, type Item, type Segment, sealSegment } from '../../../protocol/chain/segment.ts';
import { type KeyPair, keyPairFromSeed } from '../../../protocol/crypto/keys.ts';
import { sha256 } from '../../../protocol/crypto/sha256.ts';
import { verify } from '../../../protocol/crypto/verify.ts';
import { type Genesis, genesisRoster, parseGenesis } from '../../../protocol/genesis.ts';
import { encodeSignedBallot, type SignedBallot, signBallot } from '../../../protocol/governance/ballot.ts';
import { createState } from '../../../protocol/governance/create.ts';
import { encodeSignedOperation, signOperation } from '../../../protocol/governance/operation.ts';
import { sessionOpenBody } from '../../../protocol/governance/operations/session-open.ts';
import type { GovernanceState } from '../../../protocol/governance/state.ts';
import type { AuthMode } from '../../../protocol/governance/types.ts';
import { type Hash, ZERO_HASH } from '../../../protocol/hash.ts';
import { toHex } from '../../../protocol/hex.ts';
import { parseId } from '../../../protocol/ids.ts';

const SPACE = parseId('main');
const PROPOSAL = parseId('p1');
const FAR_MS = 1e12;
/** With the rest of a ballot about 200 bytes (Workload W). */
const COMMENT = 'a made-up comment of one hundred bytes '.padEnd(100, '.');

const keyOf = (text: string): KeyPair => keyPairFromSeed(sha256(new TextEncoder().encode(text)));
const VALIDATOR = keyOf('validator');

function genesisOf(voters: number, auth: AuthMode): Genesis {
  const key = toHex(VALIDATOR.publicKey);
  const models = Array.from({ length: voters }, (_, at) => ({
    id: `voter-${at}`,
    operator: 'node1',
    auth,
    ...(auth === 'voter' ? { key: toHex(keyOf(`voter-${at}`).publicKey) } : {}),
  }));
  return parseGenesis({
    v: 1,
    network: 'bench-net',
    createdAt: '2026-01-01T00:00:00.000Z',
    validators: [{ name: 'node1', key, peer: 'peer1', addrs: [] }],
    models,
    spaces: [{ id: SPACE, title: 'Main', openers: [key] }],
    admins: { keys: [key], threshold: 1 },
    // One shard for ballots: what a part costs does not depend on how many there are.
    params: { shards: 1, viewTimerMs: 100, blockIntervalMs: 25 },
  });
}

/** The pure core without a network: a state in which sessions open one after the other and every voter votes once in each. */
export class Hall {
  readonly voters: number;
  readonly state: GovernanceState;
  readonly #genesis: Genesis;
  readonly #keys: readonly (KeyPair | undefined)[];
  #height = 0;
  #seq = 0;
  #tip: Hash = ZERO_HASH;
  #history: Hash = ZERO_HASH;

  constructor(voters: number, auth: AuthMode) {
    this.voters = voters;
    this.#genesis = genesisOf(voters, auth);
    this.state = createState(this.#genesis);
    this.#keys = Array.from({ length: voters }, (_, at) => (auth === 'voter' ? keyOf(`voter-${at}`) : undefined));
  }

  /** Open a session. @returns a ballot of each voter in it */
  open(): SignedBallot[] {
    const session = `s-${this.#seq + 1}`;
    const body = sessionOpenBody({
      space: SPACE,
      session: parseId(session),
      title: 'Benchmark',
      rule: { method: 'score', threshold: null, revisable: false, complete: true, close: 'opener' },
      electorate: this.#keys.map((_, at) => ({ voter: parseId(`voter-${at}`), role: 'general', weight: 1 })),
      proposals: [{ id: PROPOSAL, title: 'Made-up proposal' }],
      draft: false,
    });
    const { chain } = this.state;
    const times = { notAfterMs: FAR_MS, timeMs: 1 };
    const operation = {
      chain,
      actor: VALIDATOR.publicKey,
      seq: ++this.#seq,
      ...times,
      kind: 'session.open',
      body,
    } as const;
    const signed = signOperation(operation, [VALIDATOR]);
    const opened = this.execute(0, [{ kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed) }]);
    assert(opened.segments[0]?.items[0]?.outcome === 'applied', 'the session opens');
    return this.#keys.map((key, at) => this.#ballot(session, at, key));
  }

  #ballot(session: string, at: number, key: KeyPair | undefined): SignedBallot {
    const voter = parseId(`voter-${at}`);
    const entries = [
      { proposal: PROPOSAL, choice: { method: 'score', weight: 1 + (at % 10) } as const, comment: COMMENT },
    ];
    const names = { chain: this.state.chain, space: SPACE, session: parseId(session), voter };
    return signBallot({ ...names, previous: undefined, notAfterMs: FAR_MS, timeMs: 1, entries }, key?.sign);
  }

  /** Seal items as the next segment of a shard. `sign` may be a stand-in where signing is not what is measured. */
  seal(shard: number, items: readonly Item[], sign: (message: Uint8Array) => Uint8Array): Segment {
    const place = { chain: this.state.chain, epoch: 0, incarnation: 0, shard, author: 0, height: this.#height + 1 };
    return sealSegment({ ...place, parent: this.#tip, timeMs: 1 }, items, sign);
  }

  execute(shard: number, items: readonly Item[]): ExecutedBlock {
    return this.executeSegments([this.seal(shard, items, VALIDATOR.sign)]);
  }

  /** The next block with these segments, executed as a validator would. */
  executeSegments(segments: readonly Segment[]): ExecutedBlock {
    const height = ++this.#height;
    const cut = segments.map(({ header, id }) => {
      const { shard, author, incarnation } = header;
      return { shard, author, incarnation, height: header.height, tip: id };
    });
    const parent = { parentView: height - 1, parentHash: this.#tip };
    const times = { view: height, height, timeMs: height };
    const block = hashBlock({
      chain: this.state.chain,
      epoch: 0,
      ...times,
      ...parent,
      proposer: 0,
      flags: 0,
      cut,
      evidence: [],
    });
    const context = { height, timeMs: height, roster: genesisRoster(this.#genesis), verify };
    const {
      segments: done,
      shards,
      history,
      touched,
    } = executeBlock(this.state, context, block, segments, this.#history);
    this.#tip = block.hash;
    this.#history = history;
    const anchor = { epoch: 0, height, view: height, hash: block.hash, timeMs: height, history, cut, standings: [] };
    return { block, certificate: undefined, segments: done, shards, checkpoint: undefined, touched, anchor };
  }
}

export function itemsOf(ballots: readonly SignedBallot[]): Item[] {
  return ballots.map((signed) => ({ kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(signed) }));
}
