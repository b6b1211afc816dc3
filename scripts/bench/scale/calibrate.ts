import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../../../node/storage/journal.ts';
import { openLedgerStore } from '../../../node/storage/ledger-store.ts';
import { makeNodes, withNodes } from '../../../node/test/harness/networks.ts';
import { keyPairFromSeed } from '../../../protocol/crypto/keys.ts';
import { percentile } from '../../../testnet/voting/concurrently.ts';
import { Hall } from '../parts/hall.ts';
import { journalPart, storePart } from '../parts/ledger-parts.ts';
import { networkParts } from '../parts/network-parts.ts';
import { measureParts, type Part } from '../parts/part.ts';
import { verifyPart } from '../parts/pure-parts.ts';
import { openRpcBench } from '../parts/rpc-parts.ts';
import type { Costs } from './costs.ts';

const VOTERS = 200;
const NODES = 4;
/** Of a vote, as a frame and in the journal. */
const VOTE_BYTES = 256;
const SIGNATURES = 200;
/** Of the syncs: the others had to wait for other users of the machine as well. */
const UNDISTURBED = 0.1;
const KEY = keyPairFromSeed(new Uint8Array(32).fill(7));

/** The costs of this machine, by the parts of `bench parts`. What is handled is left to be timed as it runs. */
export async function calibrate(rounds: number): Promise<Costs> {
  const directory = await mkdtemp(join(tmpdir(), 'waggle-scale-'));
  const { journal } = await openJournal(join(directory, 'journal'));
  const { store } = await openLedgerStore(join(directory, 'ledger'), { reserveBytes: 0 });
  const rpc = await openRpcBench();
  const nodes = await makeNodes(NODES);
  const syncsMs: number[] = [];
  const parts = [
    ...signatureParts(),
    journalPart(journal, VOTE_BYTES, syncsMs),
    ...networkParts(nodes, VOTE_BYTES, 'vote').filter(({ name }) => name.includes('frames')),
    storePart(new Hall(VOTERS, 'operator'), store),
    ...rpc.parts.filter(({ name }) => name === 'rpc/socket-call'),
  ];
  const costs = new Map<string, number>();
  try {
    await withNodes(nodes, async () => {
      for (const { name, cpuUs } of await measureParts(parts, rounds)) costs.set(name, cpuUs);
    });
  } finally {
    await rpc.close();
    await journal.close();
    await store.close();
    await rm(directory, { recursive: true });
  }
  return costsOf(costs, percentile(syncsMs, UNDISTURBED));
}

function signatureParts(): Part[] {
  const hall = new Hall(VOTERS, 'voter');
  const keyed = hall.open().flatMap((signed) => {
    const key = hall.state.models.get(signed.ballot.voter)?.key;
    return key === undefined ? [] : [{ key, signed }];
  });
  const message = new Uint8Array(VOTE_BYTES);
  const sign: Part = {
    name: 'crypto/sign',
    count: SIGNATURES,
    run: () => {
      for (let at = 0; at < SIGNATURES; at++) KEY.sign(message);
    },
  };
  return [verifyPart(keyed), sign];
}

function costsOf(costs: ReadonlyMap<string, number>, syncMs: number): Costs {
  const cost = (name: string): number => costs.get(name) ?? Number.NaN;
  // All nodes of the part share one process: of a frame to one of its peers each end is taken to cost half.
  const endUs = cost('network/frames-vote') / (NODES - 1) / 2;
  return {
    signUs: cost('crypto/sign'),
    verifyUs: cost('crypto/verify'),
    sendUs: endUs,
    receiveUs: endUs,
    callUs: cost('rpc/socket-call'),
    storeUs: cost('store/ballot'),
    syncMs,
    ...{ decodeUs: undefined, stepUs: undefined, encodeUs: undefined },
  };
}
