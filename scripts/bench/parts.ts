import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openJournal } from '../../node/storage/journal.ts';
import { openLedgerStore } from '../../node/storage/ledger-store.ts';
import { makeNodes, withNodes } from '../../node/test/harness/networks.ts';
import { percentile } from '../../testnet/voting/concurrently.ts';
import { Hall, itemsOf } from './parts/hall.ts';
import { executePart, journalPart, storePart } from './parts/ledger-parts.ts';
import { networkParts } from './parts/network-parts.ts';
import { measureParts, type Part, type PartCost } from './parts/part.ts';
import { pureParts, verifyPart } from './parts/pure-parts.ts';
import { openRpcBench } from './parts/rpc-parts.ts';
import { figure, rounded } from './report/figure.ts';

/*
 * `npm run bench -- parts [--rounds 7] [--dir D]`: CPU of one operation of each part a ballot passes through, measured alone:
 * the median of rounds in which every part runs once. D decides which disk the journal and the store are measured on.
 */

const VOTERS = 1_000;
const SIGNERS = 200;
const NODES = 4;
/** A segment of 100 ballots of about 200 bytes, and a vote. */
const SIZES = { 'segment-of-100': 21_500, '256B': 256 } as const;

async function measure(directory: string, rounds: number): Promise<PartCost[]> {
  const hall = new Hall(VOTERS, 'operator');
  const signers = new Hall(SIGNERS, 'voter');
  const signed = signers.open();
  const keyed = signed.flatMap((one) => {
    const key = signers.state.models.get(one.ballot.voter)?.key;
    return key === undefined ? [] : [{ key, signed: one }];
  });
  const plain = hall.open();
  const sample = hall.seal(1, itemsOf(plain.slice(0, 100)), () => new Uint8Array(64));
  const walls: number[] = [];
  const { journal } = await openJournal(join(directory, 'journal'));
  const { store } = await openLedgerStore(join(directory, 'ledger'), { reserveBytes: 0 });
  const rpc = await openRpcBench();
  const nodes = await makeNodes(NODES);
  const parts: Part[] = [
    ...pureParts(hall, plain, [verifyPart(keyed)]),
    executePart('execute/ballot', hall),
    executePart('execute/ballot-signed', signers),
    journalPart(journal, sample.bytes.length, walls),
    ...Object.entries(SIZES).flatMap(([label, sizeBytes]) => networkParts(nodes, sizeBytes, label)),
    // LevelDB goes on by itself after a write; what counts this thread alone comes behind it.
    storePart(hall, store),
    ...rpc.parts,
  ];
  let costs: PartCost[] = [];
  try {
    await withNodes(nodes, async () => {
      costs = await measureParts(parts, rounds);
    });
  } finally {
    await rpc.close();
    await journal.close();
    await store.close();
  }
  const wall = { n: walls.length, p50Ms: percentile(walls, 0.5), p99Ms: percentile(walls, 0.99) };
  figure('journal/append-wall', { sizeBytes: sample.bytes.length, ...wall });
  return costs;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '7' }, dir: { type: 'string', default: tmpdir() } },
  });
  const directory = await mkdtemp(join(values.dir, 'waggle-parts-'));
  try {
    const costs = await measure(directory, Number(values.rounds));
    for (const { name, cpuUs } of costs) figure(name, { cpuUs: rounded(cpuUs) });
    console.log(JSON.stringify(Object.fromEntries(costs.map(({ name, cpuUs }) => [name, rounded(cpuUs)]))));
  } finally {
    await rm(directory, { recursive: true });
  }
}

await main();
