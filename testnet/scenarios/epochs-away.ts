import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type {
  ChainGetCheckpointResult,
  ChainGetEpochsResult,
  NetworkGetResult,
  TallyGetResult,
} from '../../client/generated/methods.ts';
import { paramsProposeBody, rosterProposeBody } from '../../protocol/governance/operations/network-change.ts';
import { parseId } from '../../protocol/ids.ts';
import { MAIN } from '../network/processes.ts';
import { change, inviteGuest, nextKeyOf } from '../stage/guest.ts';
import type { Load } from '../stage/load.ts';
import { timing } from '../stage/timing.ts';
import { untilAtTip, untilEpoch } from '../stage/tip.ts';
import type { Member } from '../voting/members.ts';
import type { Finding, Scenario, Stage } from './scenario.ts';

const LOAD = { perS: 20, voters: 6_000 };
const EPOCH_WAIT_MS = 60_000;
const TIP_AIM_MS = 15_000;
const BETWEEN_MS = 2_000;
const LIMIT_MS = 300_000;
const SIGNERS_MIN = 2;
const run = promisify(execFile);

/** Who was away finds its way through the epochs; who is new begins in one that its operator trusts (O-04). */
export const epochsAway: Scenario = {
  name: 'epochs-away',
  promise: 'a validator that was away over three epochs catches up, and a node joins from a checkpoint of the second',
  limitMs: () => LIMIT_MS,
  async run(stage) {
    const load = await stage.load(LOAD);
    const [away = 'node4'] = stage.names.slice(-1);
    const others = stage.members.filter(({ name }) => name !== away);
    const enter = async (epoch: number, ...[kind, body]: Change): Promise<void> => {
      await change(stage, kind, body);
      if (!(await untilEpoch(stage, others, epoch, EPOCH_WAIT_MS))) throw new TypeError(`no epoch ${epoch}`);
      await stage.rest(BETWEEN_MS);
      stage.say(`epoch ${epoch}, ${away} is away`);
    };
    await stage.rest(BETWEEN_MS);
    await stage.kill(away);
    await enter(1, 'params.propose', paramsProposeBody({ epoch: 0, shards: 8 }));
    const key = await nextKeyOf(stage, 'node2');
    await enter(2, 'roster.propose', rosterProposeBody({ epoch: 1, rotate: [{ name: parseId('node2'), key }] }));
    const trusted = await checkpointOf(stage, 2);
    await enter(3, 'params.propose', paramsProposeBody({ epoch: 2, shards: 2 }));
    await stage.start(away);
    const backMs = await untilAtTip(stage.members, away, EPOCH_WAIT_MS, stage.signal);
    const guest = await inviteGuest(stage, 'node5');
    await stage.start(guest.name, { args: ['--trusted', trusted] });
    const all = [...stage.members, guest.member];
    const tipMs = await untilAtTip(all, guest.name, EPOCH_WAIT_MS, stage.signal);
    return [
      timing('L2', `${away} at the tip`, backMs, TIP_AIM_MS),
      timing('L2', 'node5 at the tip', tipMs, TIP_AIM_MS),
      await beganLate(guest.member.client),
      // The ballots of before it has as sums alone, so it is held against the others and not against the voters.
      ...(await stage.judge(load)),
      await sameState(stage, load, guest.member),
    ];
  },
};

type Change = [kind: 'params.propose' | 'roster.propose', body: ReturnType<typeof paramsProposeBody>];

/** As an operator gets one to trust: the newest of the epoch that enough validators signed, by the command. */
async function checkpointOf(stage: Stage, epoch: number): Promise<string> {
  const [first = ''] = stage.names;
  const { client } = stage.member(first);
  let { height } = await client.call<{ height: number }>('chain_head', {});
  for (; ; height--) {
    const one = await client.call<ChainGetCheckpointResult>('chain_getCheckpoint', { height }).catch(() => undefined);
    if (one?.epoch === epoch && one.signatures.length >= SIGNERS_MIN) break;
    if (height <= 1) throw new TypeError(`no checkpoint of epoch ${epoch}`);
  }
  const args = ['chain', 'checkpoint', String(height), '-o', 'json', '--home', stage.home(first)];
  const { stdout } = await run(process.execPath, [MAIN, ...args]);
  const path = join(stage.directory, 'trusted.json');
  await writeFile(path, stdout);
  stage.say(`a checkpoint of height ${height} is what node5 trusts`);
  return path;
}

/** It has no block of the first epochs, and all that proves their ends. */
async function beganLate(client: Stage['members'][number]['client']): Promise<Finding> {
  const { epochs } = await client.call<ChainGetEpochsResult>('chain_getEpochs', {});
  const first = await client.call('chain_getBlock', { height: 1 }).catch(() => undefined);
  const holds = epochs.length === 3 && first === undefined;
  const figure = `node5 has ${first === undefined ? 'no' : 'a'} first block, and proofs of ${epochs.length} ends`;
  return { invariant: 'N2', holds, figure };
}

/** What it took over and what it executed itself come to what the others have. */
async function sameState(stage: Stage, { space, session }: Load, guest: Member): Promise<Finding> {
  const members = [...stage.members, guest];
  const isLevel = Number.isFinite(await untilAtTip(members, guest.name, EPOCH_WAIT_MS, stage.signal));
  const answers = members.map(async ({ client }) => {
    const { proposals } = await client.call<TallyGetResult>('tally_get', { space, session });
    const { epoch, sealedHeight } = await client.call<NetworkGetResult>('network_get', {});
    return JSON.stringify([proposals, epoch, sealedHeight]);
  });
  const distinct = new Set(await Promise.all(answers)).size;
  return { invariant: 'S3', holds: isLevel && distinct === 1, figure: `${distinct} states among 5 nodes` };
}
