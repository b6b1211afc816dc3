import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { homePaths } from '../../node/storage/home.ts';
import { ledgerKey, PREFIXES } from '../../node/storage/keys.ts';
import { openLedgerStore } from '../../node/storage/ledger-store.ts';
import { type CborValue, decodeCanonical, encodeCanonical } from '../../protocol/codec/cbor.ts';
import { TABLES } from '../../protocol/governance/rows.ts';
import type { Finding, Scenario, Stage } from './scenario.ts';

const NODE = 'node4';
const STOPS_WITHIN_MS = 60_000;
const GOES_ON_MS = 5_000;
const ROW_LIMITS = { bytesMax: 1024 * 1024, depthMax: 12, itemsMax: 10_000 };

/**
 * What an execution bug does, without one: the node counts a ballot more than there is in every tally it holds, under good
 * checksums and sums. Its next checkpoint is another one than everybody's.
 */
export const wrongState: Scenario = {
  name: 'wrong-state',
  promise: 'one validator whose state is wrong stops itself with both roots named, and its checkpoint stops nobody',
  async run(stage) {
    const load = await stage.load();
    await stage.rest(3_000);
    await stage.stop(NODE);
    const changed = await miscount(stage.home(NODE));
    stage.say(`${NODE} has ${changed} tallies that are wrong`);
    const node = await stage.launch(NODE);
    const ended = new Promise<number | undefined>((resolve) => node.once('exit', (code) => resolve(code ?? undefined)));
    const code = await Promise.race([ended, stage.rest(STOPS_WITHIN_MS).then(() => undefined)]);
    // It ended by itself; killed, it is not asked when the others are judged.
    await stage.kill(NODE).catch(() => undefined);
    const fromMs = performance.now();
    await stage.rest(GOES_ON_MS);
    const finals = load.finals(fromMs, performance.now());
    return [
      { invariant: 'S6', holds: changed > 0 && code === 70, figure: `${NODE} ended with exit code ${code ?? 'none'}` },
      await rootsNamed(stage),
      {
        invariant: 'S1',
        holds: finals > 0,
        figure: `${finals} ballots final at the others in ${GOES_ON_MS / 1_000} s`,
      },
      ...(await stage.judge(load)),
    ];
  },
};

/** One vote more in every tally. @returns how many */
async function miscount(home: string): Promise<number> {
  const { store } = await openLedgerStore(homePaths(home).ledger);
  try {
    const table = TABLES.find(({ name }) => name === 'tallies')?.number ?? 0;
    const puts = [];
    for await (const { key, value, height } of store.range(PREFIXES.row)) {
      if (key[0] !== table) continue;
      const row = decodeCanonical(value, ROW_LIMITS) as { readonly [field: string]: CborValue };
      const wrong = encodeCanonical({ ...row, n: Number(row.n) + 1 });
      puts.push({ key: ledgerKey(PREFIXES.row, key.slice()), value: wrong, height });
    }
    await store.batch(puts, [], { sync: true });
    return puts.length;
  } finally {
    await store.close();
  }
}

async function rootsNamed(stage: Stage): Promise<Finding> {
  const report = await readFile(join(stage.home(NODE), 'violation.json'), 'utf8').catch(() => '');
  const roots = /own root (\w{64}) history (\w{64}), theirs root (\w{64}) history (\w{64})/.exec(report);
  const [, ownRoot, ownHistory, theirRoot, theirHistory] = roots ?? [];
  // Blocks that it executed while it caught up are compared by what commits them all.
  const holds = roots !== null && (ownRoot !== theirRoot || ownHistory !== theirHistory);
  const [own, theirs] = ownRoot === theirRoot ? [ownHistory, theirHistory] : [ownRoot, theirRoot];
  const figure = roots === null ? 'no roots named' : `own root ${own?.slice(0, 8)}, theirs ${theirs?.slice(0, 8)}`;
  return { invariant: 'K1', holds, figure };
}
