import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { executeBlock } from '../../consensus/execution/executor.ts';
import type { ExecutedBlock } from '../../consensus/types.ts';
import { type CutEntry, type HashedBlock, hashBlock } from '../../protocol/chain/block.ts';
import { decodeSegment, ITEM_KINDS, type Item, type Segment, sealSegment } from '../../protocol/chain/segment.ts';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { verify } from '../../protocol/crypto/verify.ts';
import { genesisRoster, parseGenesis } from '../../protocol/genesis.ts';
import { encodeSignedBallot, signBallot } from '../../protocol/governance/ballot.ts';
import { createState } from '../../protocol/governance/create.ts';
import type { SessionRow } from '../../protocol/governance/state.ts';
import { type Hash, ZERO_HASH } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { parseId, shardOf } from '../../protocol/ids.ts';
import { changeOf } from '../driver/ledger-change.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { openLedgerStore } from '../storage/ledger-store.ts';

/**
 * What a final block costs below consensus, by stage: decode and check its segments, execute them, make the ledger's
 * change of it, write that. CPU of the whole process, LevelDB's threads and the collector's included.
 * `npm run bench -- execute [--dir D] [--blocks N] [--ballots N]`: operator-signed ballots of about 200 bytes, one entry
 * each, every voter once a session, four shards with a segment each a block.
 */
const { values } = parseArgs({
  options: {
    dir: { type: 'string', default: tmpdir() },
    blocks: { type: 'string', default: '60' },
    ballots: { type: 'string', default: '1000' },
  },
});
const BLOCKS = Number(values.blocks);
const BALLOTS = Number(values.ballots);
const SHARDS = 4;
const BLOCKS_PER_SESSION = 8;
const WARM_BLOCKS = 10;
const START_MS = 1_700_000_000_000;
const SPACE = parseId('main');
const PROPOSAL = parseId('proposal-1');
const KEYS = Array.from({ length: SHARDS }, (_, at) => keyPairFromSeed(new Uint8Array(32).fill(at + 1)));
/** The voters of a shard all vote through one operator, so that a shard has one segment a block. */
const VOTERS = Array.from({ length: BALLOTS * BLOCKS_PER_SESSION }, (_, at) => {
  const voter = parseId(`model-${at}`);
  return { voter, shard: shardOf(SPACE, voter, SHARDS) };
});

const genesis = parseGenesis({
  v: 1,
  network: 'bench-net',
  createdAt: '2026-01-01T00:00:00.000Z',
  validators: KEYS.map(({ publicKey }, at) => ({
    name: `v${at + 1}`,
    key: toHex(publicKey),
    peer: `p${at}`,
    addrs: [],
  })),
  models: VOTERS.map(({ voter, shard }) => ({ id: voter, operator: `v${shard}`, auth: 'operator' })),
  spaces: [{ id: SPACE, title: 'Main', openers: [] }],
  admins: { keys: KEYS.slice(0, 1).map(({ publicKey }) => toHex(publicKey)), threshold: 1 },
  params: { shards: SHARDS, viewTimerMs: 100, blockIntervalMs: 25 },
});
const roster = genesisRoster(genesis);
const state = createState(genesis);

function openSession(at: number): void {
  const session = parseId(`session-${at}`);
  const row: SessionRow = {
    space: SPACE,
    session,
    title: 'Session',
    rule: { method: 'score', threshold: null, revisable: false, complete: true, close: 'opener' },
    electorate: VOTERS.map(({ voter }) => ({ voter, role: 'general', weight: 1 })),
    proposals: [{ id: PROPOSAL, title: 'Proposal' }],
    opener: ZERO_HASH,
    operation: ZERO_HASH,
    status: 'active',
    openedHeight: 0,
    opensAtMs: 0,
  };
  state.sessions.restore(`${SPACE}/${session}`, row);
}

function ballotItem(voter: string, session: number): Item {
  const signed = signBallot(
    {
      chain: state.chain,
      space: SPACE,
      session: parseId(`session-${session}`),
      voter: parseId(voter),
      previous: undefined,
      notAfterMs: START_MS * 2,
      timeMs: START_MS,
      entries: [
        { proposal: PROPOSAL, choice: { method: 'score', weight: 7 }, comment: 'a reason in words '.repeat(6) },
      ],
    },
    undefined,
  );
  return { kind: ITEM_KINDS.ballot, bytes: encodeSignedBallot(signed) };
}

/** Segments as they arrive, and the block that orders them. */
function makeBlock(height: number, tips: Hash[]): { block: HashedBlock; segments: readonly Uint8Array[] } {
  const session = Math.floor((height - 1) / BLOCKS_PER_SESSION);
  const from = ((height - 1) % BLOCKS_PER_SESSION) * BALLOTS;
  const cut: CutEntry[] = [];
  const segments = Array.from({ length: SHARDS }, (_, author) => {
    const shard = author + 1;
    const voters = VOTERS.slice(from, from + BALLOTS).filter((one) => one.shard === shard);
    const place = { chain: state.chain, epoch: 0, incarnation: 0, shard, author, height, timeMs: START_MS };
    const items = voters.map(({ voter }) => ballotItem(voter, session));
    const sign = (message: Uint8Array): Uint8Array => KEYS[author]?.sign(message) ?? message;
    const { id, bytes } = sealSegment({ ...place, parent: tips[author] ?? ZERO_HASH }, items, sign);
    tips[author] = id;
    cut.push({ shard, author, incarnation: 0, height, tip: id });
    return bytes;
  });
  const place = { chain: state.chain, epoch: 0, view: height, height, parentView: height - 1, parentHash: ZERO_HASH };
  const block = hashBlock({ ...place, proposer: 0, flags: 0, timeMs: START_MS + height, cut, evidence: [] });
  return { block, segments };
}

interface Cost {
  readonly decode: number;
  readonly execute: number;
  readonly change: number;
  readonly write: number;
}

/** Microseconds of CPU since the mark before. */
function cpuMeter(): () => number {
  let before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    return user + system;
  };
}

let history: Hash = ZERO_HASH;

function execute(block: HashedBlock, segments: readonly Segment[]): ExecutedBlock {
  const { height, timeMs, view, cut } = block.block;
  const execution = executeBlock(state, { height, timeMs, roster, verify }, block, segments, history);
  history = execution.history;
  const anchor = { epoch: 0, height, view, hash: block.hash, timeMs, history, cut, standings: [] };
  const { shards, touched } = execution;
  const checkpoint = undefined;
  return { block, certificate: undefined, segments: execution.segments, shards, checkpoint, touched, anchor };
}

async function measure(writer: LedgerWriter, made: ReturnType<typeof makeBlock>): Promise<Cost> {
  const lap = cpuMeter();
  const segments = made.segments.map((bytes) => decodeSegment(bytes));
  const decode = lap();
  const executed = execute(made.block, segments);
  const execution = lap();
  writer.put(changeOf([executed], state));
  const change = lap();
  await new Promise((resolve) => setImmediate(resolve));
  await writing.done;
  const write = lap();
  const counted = executed.segments.flatMap(({ items }) => items).filter(({ outcome }) => outcome === 'counted').length;
  if (counted !== BALLOTS) throw new Error(`${counted} of ${BALLOTS} ballots counted`);
  return { decode, execute: execution, change, write };
}

/** Means, not medians: the garbage of one stage is collected in another, in some block. */
function report(costs: readonly Cost[], bytes: number): void {
  const stages = ['decode', 'execute', 'change', 'write'] as const;
  const mean = (stage: keyof Cost): number =>
    costs.reduce((sum, cost) => sum + cost[stage], 0) / costs.length / BALLOTS;
  const parts = stages.map((stage) => `${stage}=${mean(stage).toFixed(2)}`).join(' ');
  const total = stages.reduce((sum, stage) => sum + mean(stage), 0);
  console.log(`execute/ballot ${parts} us=${total.toFixed(2)} blocks=${costs.length} ballots=${BALLOTS}`);
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const mib = (value: number): string => (value / 2 ** 20).toFixed(0);
  const kept = `rssMiB=${mib(rss)} heapMiB=${mib(heapUsed)} buffersMiB=${mib(arrayBuffers)}`;
  console.log(`execute/memory ${kept} ballotBytes=${bytes} history=${toHex(history).slice(0, 16)}`);
}

const directory = await mkdtemp(join(values.dir, 'waggle-bench-'));
const { store } = await openLedgerStore(directory, { reserveBytes: 4_096 });
/** The last write: waiting for it must not take part in the CPU that is measured. */
const writing: { done: Promise<void> } = { done: Promise.resolve() };
const batch = store.batch.bind(store);
store.batch = (...change) => {
  writing.done = batch(...change);
  return writing.done;
};
const writer = new LedgerWriter(store, 0, (error) => console.error(error));
const costs: Cost[] = [];
try {
  const tips: Hash[] = [];
  for (let height = 1; height <= BLOCKS + WARM_BLOCKS; height++) {
    if ((height - 1) % BLOCKS_PER_SESSION === 0) openSession(Math.floor((height - 1) / BLOCKS_PER_SESSION));
    const made = makeBlock(height, tips);
    const cost = await measure(writer, made);
    if (height > WARM_BLOCKS) costs.push(cost);
  }
  report(costs, ballotItem('model-1', 1).bytes.length);
} finally {
  await writer.close();
  await store.close();
  await rm(directory, { recursive: true });
}
