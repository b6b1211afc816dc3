import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { WaggleClientError } from '../../client/errors.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { SCENARIOS } from '../scenarios/registry.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { judgeLedgers } from '../stage/judge.ts';
import type { Load, Promised } from '../stage/load.ts';
import { frozen, shareFinal, typicalFinal } from '../stage/measure.ts';
import { eventsIn } from '../stage/metrics.ts';
import { whyNot } from '../stage/needs.ts';
import { isBusyMachine, mayAskAgain, patient } from '../stage/patient.ts';
import { randomOf } from '../stage/random.ts';
import { type Count, recount, wrongTallies } from '../stage/recount.ts';
import { longestGapMs, timing } from '../stage/timing.ts';
import type { Member } from '../voting/members.ts';

const cast = (voter: string, p1: number, p2: number, sentMs = 0) => ({
  voter,
  choices: new Map([
    ['p1', p1],
    ['p2', p2],
  ]),
  sentMs,
});
const CAST = [cast('a', 1, 10), cast('b', 2, 20), cast('c', 4, 40)];

interface Node {
  readonly ballots: readonly { readonly voter: string; readonly ballot: string }[];
  readonly tally: readonly Count[];
  readonly hash?: string;
}

const tallyOf = (n: number, p1: number, p2: number): Count[] => [
  { proposal: 'p2', n, total: p2 },
  { proposal: 'p1', n, total: p1 },
];
const HONEST: Node = {
  ballots: [
    { voter: 'a', ballot: 'x' },
    { voter: 'b', ballot: 'y' },
  ],
  tally: tallyOf(2, 3, 30),
};

/** A node at height 5 whose ledger and tally are these. */
function member({ ballots, tally, hash = 'h5' }: Node, at: number): Member {
  const answers = new Map<string, object>([
    ['node_status', { height: 5, ready: true }],
    ['chain_getBlock', { height: 5, hash }],
    ['tally_get', { proposals: tally }],
    ['ballot_list', { items: ballots.map((one) => ({ ...one, outcome: 'counted', height: 3 })), next: null }],
  ]);
  const call = async (method: string) => answers.get(method) ?? {};
  return { name: `node${at + 1}`, home: '', client: { call } as unknown as Member['client'] };
}

function told(voter: string, ballot: string): Promised {
  return { voter, result: { outcome: 'counted', ballot, height: 3 }, sentMs: 0, toldMs: 1 };
}

const TOLD = [told('a', 'x'), told('b', 'y')];

async function broken(nodes: readonly Node[], promised: readonly Promised[] = TOLD): Promise<string[]> {
  const load = { space: 'main', session: 's', cast: CAST, told: promised } as unknown as Load;
  const findings = await judgeLedgers(nodes.map(member), load);
  return findings.filter(({ holds }) => !holds).map(({ invariant }) => invariant);
}

describe('the judge of the ledgers', () => {
  it('finds nothing on nodes that all say the truth', async () => {
    assert.deepEqual(await broken([HONEST, HONEST]), []);
  });

  it('finds a ballot that was told final and is not on one node', async () => {
    const lost = { ballots: HONEST.ballots.slice(1), tally: tallyOf(1, 2, 20) };
    assert.deepEqual(await broken([HONEST, lost]), ['S2', 'S3']);
    assert.deepEqual(await broken([HONEST, HONEST], [...TOLD, told('c', 'z')]), ['S2']);
  });

  it('finds a voter counted twice', async () => {
    const twice = { ballots: [...HONEST.ballots, { voter: 'a', ballot: 'x2' }], tally: tallyOf(3, 4, 40) };
    assert.deepEqual(await broken([twice, twice]), ['S2']);
  });

  it('finds a tally that is not the sum of what was signed, though all nodes agree on it', async () => {
    const wrong = { ...HONEST, tally: tallyOf(2, 3, 31) };
    assert.deepEqual(await broken([wrong, wrong]), ['S3']);
    assert.deepEqual(await broken([HONEST, wrong]), ['S3']);
    assert.deepEqual(await broken([{ ...HONEST, tally: HONEST.tally.slice(1) }]), ['S3']);
  });

  it('finds two blocks at one height', async () => {
    assert.deepEqual(await broken([HONEST, { ...HONEST, hash: 'other' }]), ['S1']);
  });

  it('finds a refusal that counts, and takes an undecided ballot either way', async () => {
    const failed = (code: string): Promised => ({
      voter: 'b',
      error: new WaggleClientError(code, { type: 'made.up', hint: '' }),
      sentMs: 0,
      toldMs: 1,
    });
    assert.deepEqual(await broken([HONEST], [told('a', 'x'), failed('WAGGLE_CLIENT_REFUSED')]), ['S2']);
    assert.deepEqual(await broken([HONEST], [told('a', 'x'), failed('WAGGLE_CLIENT_UNDECIDED')]), []);
  });

  it('counts again from what was signed', () => {
    const ledger = new Map([
      ['a', ['x']],
      ['c', ['z']],
    ]);
    assert.deepEqual(recount(CAST, ledger), [
      { proposal: 'p1', n: 2, total: 5 },
      { proposal: 'p2', n: 2, total: 50 },
    ]);
    assert.equal(wrongTallies(CAST, [{ ledger, tally: tallyOf(2, 5, 50) }]), 0);
    assert.equal(wrongTallies(CAST, [{ ledger, tally: tallyOf(2, 5, 51) }]), 1);
  });
});

describe('what a scenario measures', () => {
  it('takes a late time as a figure and one that never came as a fault', () => {
    assert.deepEqual(timing('L1', 'gap', 1_240, 5_000), { invariant: 'L1', holds: true, figure: 'gap 1.2 s' });
    assert.deepEqual(timing('L1', 'gap', 6_000, 5_000).figure, 'gap 6.0 s (over: aim 5 s)');
    assert.equal(timing('L2', 'at tip', Number.POSITIVE_INFINITY, 10_000).holds, false);
  });

  it('counts the silence before the first and after the last', () => {
    assert.equal(longestGapMs([40, 10, 20], 0, 50), 20);
    assert.equal(longestGapMs([10, 20], 0, 90), 70);
    assert.equal(longestGapMs([30], 0, 31), 30);
    assert.equal(longestGapMs([5, 200], 10, 100), 90);
  });

  it('takes heights that moved, and nodes that say nothing, for a fault', () => {
    const before = new Map([
      ['a', 4],
      ['b', 4],
    ]);
    assert.equal(frozen('S1', 'cut', before, before, ['a', 'b']).holds, true);
    assert.equal(
      frozen(
        'S1',
        'cut',
        before,
        new Map([
          ['a', 5],
          ['b', 4],
        ]),
        ['a', 'b'],
      ).holds,
      false,
    );
    assert.equal(frozen('S1', 'cut', before, new Map([['a', 4]]), ['a', 'b']).holds, false);
  });

  it('takes a stretch without any final for a fault', () => {
    const load = {
      cast: [cast('a', 1, 1, 10), cast('b', 1, 1, 20)],
      told: [{ ...told('a', 'x'), sentMs: 10, toldMs: 15 }],
      finals: (from: number, to: number) => (from < 15 && to >= 15 ? 1 : 0),
    } as unknown as Load;
    assert.deepEqual(
      [shareFinal(load, 'x', 0, 30, 80).holds, shareFinal(load, 'x', 0, 30, 80).figure],
      [true, 'x 50 % final (aim 80 %)'],
    );
    assert.equal(shareFinal(load, 'x', 16, 30, 80).holds, false);
    assert.equal(typicalFinal(load, 'p50', 0, 15, 100).figure, 'p50 0.0 s');
    // The second is on its way for ten seconds already.
    assert.equal(
      typicalFinal(
        { ...load, cast: load.cast.slice(0, 1).concat(cast('b', 1, 1, 20), cast('c', 1, 1, 20)) },
        'p50',
        0,
        10_020,
        100,
      ).figure,
      'p50 10.0 s (over: aim 0.1 s)',
    );
    assert.equal(typicalFinal(load, 'p50', 16, 30, 100).holds, false);
  });

  it('reads a counter of the metrics, and takes one that is not there for none', () => {
    const text =
      'waggle_network_events_total{event="dial.attempts"} 9\nwaggle_network_events_total{event="dial.failed"} 3';
    assert.deepEqual([eventsIn(text, 'dial.attempts'), eventsIn(text, 'dial')], [9, 0]);
  });

  it('draws the same row from the same seed', () => {
    const row = (seed: number) => Array.from({ length: 5 }, randomOf(seed));
    assert.deepEqual(row(7), row(7));
    assert.notDeepEqual(row(7), row(8));
    assert.ok(row(7).every((x) => x >= 0 && x < 1));
  });
});

describe('a patient member', () => {
  const late = new WaggleError('WAGGLE_RPC_REFUSED', { number: -32_600 });
  const failing = (errors: Error[]) => {
    const call = async () => {
      const error = errors.shift();
      if (error !== undefined) throw error;
      return 'answer';
    };
    return { name: 'n', home: '', client: { call } as unknown as Member['client'] };
  };

  it('asks again where the machine was too busy, and takes every other refusal for what it is', async () => {
    assert.equal(await patient(failing([late]), isBusyMachine, 0).client.call('x'), 'answer');
    const no = new WaggleError('WAGGLE_RPC_REFUSED', { number: 4_001 });
    await assert.rejects(patient(failing([no]), mayAskAgain).client.call('x'), no);
    const dead = new WaggleError('WAGGLE_RPC_TIMEOUT', {});
    await assert.rejects(patient(failing([dead]), isBusyMachine).client.call('x'), dead);
    assert.equal(mayAskAgain(dead), true);
  });
});

describe('the list of scenarios', () => {
  it('has each file once, under its name', async () => {
    const files = (await readdir(join(import.meta.dirname, '..', 'scenarios')))
      .map((file) => file.replace('.ts', ''))
      .filter((name) => name !== 'scenario' && name !== 'registry');
    assert.deepEqual(SCENARIOS.map(({ name }) => name).sort(), files.sort());
  });

  it('says what is missing for one that cannot run here', () => {
    const scenario = { name: 'x', promise: '', needs: ['strace', 'root'], run: async () => [] } as Scenario;
    assert.equal(
      whyNot(scenario, () => true),
      undefined,
    );
    assert.equal(
      whyNot(scenario, (need) => need === 'root'),
      'needs strace on the path',
    );
    assert.equal(
      whyNot({ ...scenario, needs: [] }, () => false),
      undefined,
    );
  });
});
