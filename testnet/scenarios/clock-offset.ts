import type { SessionGetResult, TallyGetResult } from '../../client/generated/methods.ts';
import { fakedClock } from '../stage/faketime.ts';
import { LONG_LOAD } from '../stage/load.ts';
import { timing } from '../stage/timing.ts';
import { operate } from '../voting/members.ts';
import type { Finding, Scenario, Stage } from './scenario.ts';

const OFFSETS_S = [3_600, -3_600];
const SPACE = 'main';
const VOTER = 'punctual';
const LIMIT_MS = 300_000;
const OPEN_MS = 12_000;
const CLOSE_WAIT_MS = 40_000;
const POLL_MS = 100;

/** Deadlines are judged by block times, and no f clocks can move those (reliability.md 6, rule 5). */
export const clockOffset: Scenario = {
  name: 'clock-offset',
  promise: 'one clock that is an hour ahead or behind moves no deadline: nobody closes early, all close at one block',
  needs: ['faketime'],
  limitMs: () => LIMIT_MS,
  async run(stage) {
    const load = await stage.load(LONG_LOAD);
    const [name = 'node1'] = stage.names.slice(-1);
    await operate(stage.members, 'model_register', {
      models: [{ id: VOTER, operator: stage.names[0] ?? '', auth: 'operator' }],
    });
    const findings: Finding[] = [];
    for (const offsetS of OFFSETS_S) {
      await stage.stop(name);
      await stage.start(name, { env: fakedClock(offsetS) });
      const tipMs = await stage.untilTip(name);
      const words = `${offsetS > 0 ? '+' : ''}${offsetS / 3_600} h`;
      stage.say(`${name} has a clock of ${words} and is at the tip after ${Math.round(tipMs)} ms`);
      findings.push(...(await judgeDeadline(stage, `dated${offsetS > 0 ? '-ahead' : '-behind'}`, words)));
    }
    await stage.stop(name);
    await stage.start(name);
    return [
      ...findings,
      timing('L2', 'with its clock right at the tip', await stage.untilTip(name), 10_000),
      ...(await stage.judge(load)),
    ];
  },
};

async function judgeDeadline(stage: Stage, session: string, words: string): Promise<Finding[]> {
  const closesAtMs = Date.now() + OPEN_MS;
  await operate(stage.members, 'session_open', {
    space: SPACE,
    session,
    proposals: [{ id: 'p', title: 'P' }],
    rule: { method: 'score', threshold: null, close: 'deadline' },
    electorate: [{ voter: VOTER }, { voter: 'late' }],
    closesAt: new Date(closesAtMs).toISOString(),
  });
  const [first] = stage.members;
  const ballot = { space: SPACE, session, voter: VOTER, entries: [{ proposal: 'p', choice: 7 }] };
  const { outcome } = (await first?.client.call<{ outcome?: string }>('ballot_submit', ballot)) ?? {};
  const closedMs = await untilClosed(stage, session);
  const sessions = await Promise.all(
    stage.members.map(({ client }) => client.call<SessionGetResult>('session_get', { space: SPACE, session })),
  );
  const tallies = await Promise.all(
    stage.members.map(({ client }) => client.call<TallyGetResult>('tally_get', { space: SPACE, session })),
  );
  const heights = new Set(sessions.map(({ closedHeight }) => closedHeight));
  const early = sessions.filter(({ closedAt }) => Date.parse(closedAt ?? '') < closesAtMs).length;
  const results = new Set(tallies.map(({ proposals }) => JSON.stringify(proposals)));
  const isOne = heights.size === 1 && results.size === 1 && outcome === 'counted';
  return [
    { invariant: 'S5', holds: early === 0 && closedMs >= closesAtMs, figure: `${words}: ${early} of 4 closed early` },
    {
      invariant: 'S3',
      holds: isOne,
      figure: `${heights.size} closing height, ${results.size} result, vote ${outcome}`,
    },
    timing('L1', 'closed after its deadline', closedMs - closesAtMs, 10_000),
  ];
}

/** @returns when all nodes had closed it, by the clock of this process; infinite when they did not */
async function untilClosed(stage: Stage, session: string): Promise<number> {
  const endMs = performance.now() + OPEN_MS + CLOSE_WAIT_MS;
  while (performance.now() < endMs) {
    const status = await Promise.all(
      stage.members.map(({ client }) => client.call<SessionGetResult>('session_get', { space: SPACE, session })),
    );
    if (status.every((one) => one.status === 'completed')) return Date.now();
    await stage.rest(POLL_MS);
  }
  return Number.POSITIVE_INFINITY;
}
