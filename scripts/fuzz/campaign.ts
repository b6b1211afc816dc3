import assert from 'node:assert/strict';
import { Random } from '../../consensus/sim/random.ts';
import { fromHex, toHex } from '../../protocol/hex.ts';
import { installAllocationWatch, takeLargest } from './allocation-watch.ts';
import { canonicalTarget, itemTarget, submitAnswerTarget, submitTarget } from './object-targets.ts';
import { rpcTarget } from './rpc-target.ts';
import { takeSnapshot } from './snapshot.ts';
import { frameTarget, framingTarget, gossipTarget, syncAnswerTarget, syncRequestTarget } from './stream-targets.ts';
import { FuzzFault, Tally } from './tally.ts';
import type { Target } from './target.ts';
import { FRAMES, fuzzWorld } from './world-target.ts';

export interface CampaignOptions {
  readonly messages: number;
  readonly seed: number;
  /** Told after every batch. */
  readonly onProgress?: (tally: Tally) => void;
}

/** Part of all messages that goes into whole simulated networks; the rest is shared by the other ways in. */
const WORLD_SHARE = 0.4;
const WORLD_MESSAGES_MAX = 15_000;
const BATCH = 500;
/** A replica that was fuzzed for long is not like one at work any more. */
const BATCHES_PER_SNAPSHOT = 20;

/**
 * So many messages over all protocols; the same seed makes the same ones.
 * @throws FuzzFault at the first message that did what none may do
 */
export async function runCampaign({ messages, seed, onProgress }: CampaignOptions): Promise<Tally> {
  installAllocationWatch();
  const tally = new Tally();
  let targets: readonly Target[] = [];
  for (let batch = 0; tally.messages < messages; batch++) {
    const worldsDue = WORLD_SHARE * messages * Math.min(1, (tally.messages + BATCH) / messages);
    const inWorlds = tally.of(FRAMES).messages;
    const left = messages - tally.messages;
    if (inWorlds < worldsDue && inWorlds < WORLD_SHARE * messages) {
      const most = Math.ceil(WORLD_SHARE * messages) - inWorlds;
      fuzzWorld({ seed: seed + batch, messagesMax: Math.min(WORLD_MESSAGES_MAX, most), tally });
    } else {
      if (targets.length === 0 || batch % BATCHES_PER_SNAPSHOT === 0) targets = targetsOf(seed + batch);
      await runBatch(targets, new Random(seed + batch), Math.min(left, BATCH * targets.length), tally);
    }
    onProgress?.(tally);
  }
  return tally;
}

function targetsOf(seed: number): readonly Target[] {
  const snapshot = takeSnapshot(seed);
  return [
    frameTarget(snapshot),
    syncRequestTarget(snapshot),
    syncAnswerTarget(snapshot),
    gossipTarget(snapshot),
    framingTarget(snapshot),
    canonicalTarget(snapshot),
    itemTarget(snapshot),
    submitTarget(snapshot),
    submitAnswerTarget(),
    rpcTarget(),
  ];
}

async function runBatch(targets: readonly Target[], random: Random, messages: number, tally: Tally): Promise<void> {
  const each = Math.ceil(messages / targets.length);
  for (const target of targets) {
    const startMs = performance.now();
    for (let left = each; left > 0; left--) await sendOne(target, target.make(random), tally);
    tally.of(target.name).tookMs += performance.now() - startMs;
  }
}

async function sendOne(target: Target, bytes: Uint8Array, tally: Tally): Promise<void> {
  try {
    takeLargest();
    const outcome = await target.take(bytes.slice());
    const largest = takeLargest();
    assert.ok(largest <= target.largestMax, `${largest} bytes or elements were made at once`);
    tally.count(target.name, outcome, largest);
  } catch (error) {
    throw new FuzzFault(target.name, bytes, error);
  }
}

/** A message that was a fault once: `protocol: hex`, in the file that keeps them. */
export interface Regression {
  readonly protocol: string;
  readonly bytes: Uint8Array;
}

export function parseRegressions(text: string): Regression[] {
  return text.split('\n').flatMap((line) => {
    const found = /^([A-Za-z ]+): ((?:[0-9a-f]{2})+)(?: |$)/.exec(line);
    return found === null ? [] : [{ protocol: found[1] ?? '', bytes: fromHex(found[2] ?? '') }];
  });
}

export function nameRegression(fault: FuzzFault): string {
  return `${fault.protocol}: ${fault.hex}`;
}

/** @throws FuzzFault when one of them is a fault again; Error for a protocol that is none */
export async function runRegressions(regressions: readonly Regression[], seed: number): Promise<Tally> {
  installAllocationWatch();
  const tally = new Tally();
  const targets = targetsOf(seed);
  const inWorld = regressions.filter(({ protocol }) => protocol === FRAMES).map(({ bytes }) => bytes);
  if (inWorld.length > 0) fuzzWorld({ seed, messagesMax: 500, tally, only: inWorld });
  for (const { protocol, bytes } of regressions) {
    if (protocol === FRAMES) continue;
    const target = targets.find(({ name }) => name === protocol);
    if (target === undefined) throw new Error(`no protocol '${protocol}' (${toHex(bytes.subarray(0, 8))}…)`);
    await sendOne(target, bytes, tally);
  }
  return tally;
}
