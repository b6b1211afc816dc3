import type { NetworkGetResult } from '../../client/generated/methods.ts';
import type { CborValue } from '../../protocol/codec/cbor.ts';
import type { OperationKind } from '../../protocol/governance/operation.ts';
import { paramsProposeBody, rosterProposeBody } from '../../protocol/governance/operations/network-change.ts';
import { parseId } from '../../protocol/ids.ts';
import { change, type Guest, inviteGuest, nextKeyOf } from '../stage/guest.ts';
import type { Load } from '../stage/load.ts';
import { timing } from '../stage/timing.ts';
import { untilAtTip, untilEpoch } from '../stage/tip.ts';
import { type Member, statusOf } from '../voting/members.ts';
import type { Finding, Scenario, Stage } from './scenario.ts';

const LOAD = { perS: 20, voters: 6_000 };
const GAP_AIM_MS = 2_000;
const EPOCH_WAIT_MS = 60_000;
const AFTER_MS = 2_500;
const POLL_MS = 50;
const LIMIT_MS = 300_000;

/** Roster and parameters change on a live network, one after the other (consensus/README.md, Epochs). */
export const reconfigure: Scenario = {
  name: 'reconfigure',
  promise: 'a validator joins, one leaves, a key is rotated, shards go 4, 8, 2, and no ballot is lost or counted twice',
  limitMs: () => LIMIT_MS,
  async run(stage) {
    const load = await stage.load(LOAD);
    const guest = await inviteGuest(stage, 'node5');
    await stage.start(guest.name);
    const all: readonly Member[] = [...stage.members, guest.member];
    const tipMs = await untilAtTip(all, guest.name, EPOCH_WAIT_MS, stage.signal);
    stage.say('node5 watches');
    const gaps: Finding[] = [timing('L2', 'node5 at the tip', tipMs, 10_000)];
    for (const { what, kind, body } of await changesOf(stage, guest)) {
      gaps.push(await pass(stage, load, all, what, kind, body));
      if (what === 'joins') gaps.push(await votes(stage, all, guest));
    }
    return [...gaps, ...(await stage.judge(load, [], [guest.member]))];
  },
};

interface Step {
  readonly what: string;
  readonly kind: OperationKind;
  readonly body: CborValue;
}

async function changesOf(stage: Stage, { validator }: Guest): Promise<readonly Step[]> {
  const key = await nextKeyOf(stage, 'node2');
  const roster = 'roster.propose';
  return [
    { what: 'joins', kind: roster, body: rosterProposeBody({ epoch: 0, add: [validator] }) },
    { what: 'leaves', kind: roster, body: rosterProposeBody({ epoch: 1, remove: [parseId('node4')] }) },
    { what: 'new key', kind: roster, body: rosterProposeBody({ epoch: 2, rotate: [{ name: parseId('node2'), key }] }) },
    { what: '8 shards', kind: 'params.propose', body: paramsProposeBody({ epoch: 3, shards: 8 }) },
    { what: '2 shards', kind: 'params.propose', body: paramsProposeBody({ epoch: 4, shards: 2 }) },
  ];
}

/** One boundary: how long no ballot became final around it, as voters saw it. */
async function pass(
  stage: Stage,
  load: Load,
  all: readonly Member[],
  what: string,
  kind: OperationKind,
  body: CborValue,
): Promise<Finding> {
  const epoch = 1 + Math.max(...[...(await statusOf(all)).values()].map((one) => one.epoch));
  const fromMs = performance.now();
  await change(stage, kind, body);
  const isThere = await untilEpoch(stage, all, epoch, EPOCH_WAIT_MS);
  await stage.rest(AFTER_MS);
  if (!isThere) return { invariant: 'L1', holds: false, figure: `${what}: never in epoch ${epoch}` };
  stage.say(`${what}: epoch ${epoch}`);
  return timing('L1', `${what}: gap`, load.gapMs(fromMs, performance.now()), GAP_AIM_MS);
}

/** It has a seat, and blocks that it proposes become final. */
async function votes(stage: Stage, [first]: readonly Member[], { name, member }: Guest): Promise<Finding> {
  const deadlineMs = performance.now() + EPOCH_WAIT_MS;
  const { epoch } = await member.client.call<NetworkGetResult>('network_get', {});
  while (performance.now() < deadlineMs) {
    const head = await first?.client.call<{ height: number }>('chain_head', {});
    for (let height = head?.height ?? 0; height > Math.max(0, (head?.height ?? 0) - 8); height--) {
      const block = await first?.client.call<{ proposer: string; epoch: number }>('chain_getBlock', { height });
      if (block?.proposer === name && block.epoch === epoch)
        return { invariant: 'N1', holds: true, figure: `${name} proposed height ${height}` };
    }
    await stage.rest(POLL_MS);
  }
  return { invariant: 'N1', holds: false, figure: `${name} proposed no final block` };
}
