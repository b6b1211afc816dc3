import { bloat } from './bloater.ts';
import { censor } from './censor.ts';
import { forkChains } from './chain-forker.ts';
import { voteTwice } from './double-voter.ts';
import { equivocate } from './equivocator.ts';
import { bearFalseWitness } from './false-witness.ts';
import { flood } from './flooder.ts';
import { forge } from './forger.ts';
import { lie } from './liar.ts';
import { nullifyAndFinalize } from './nullfin.ts';
import { beOutdated } from './outdated.ts';
import { restartForEver } from './restarter.ts';
import { beSilent } from './silent.ts';
import { sprayShards } from './sprayer.ts';
import { lieAboutTime } from './time-liar.ts';
import type { Villain, VillainTools } from './villain.ts';
import { withhold } from './withholder.ts';
import { beOfAnotherEpoch } from './wrong-epoch.ts';

/** Append only: a seed draws its cast from this list. */
export const VILLAIN_KINDS = [
  'silent',
  'equivocator',
  'forker',
  'sprayer',
  'nullfin',
  'withholder',
  'liar',
  'double-voter',
  'outdated',
  'wrong-epoch',
  'forger',
  'time-liar',
  'censor',
  'twin',
  'flooder',
  'bloater',
  'rolled-back',
  'false-witness',
  'restarter',
] as const;
export type VillainKind = (typeof VILLAIN_KINDS)[number];

const CAST: Readonly<Record<VillainKind, (tools: VillainTools) => Villain>> = {
  silent: beSilent,
  equivocator: equivocate,
  forker: forkChains,
  sprayer: sprayShards,
  nullfin: nullifyAndFinalize,
  withholder: withhold,
  liar: lie,
  'double-voter': voteTwice,
  outdated: beOutdated,
  'wrong-epoch': beOfAnotherEpoch,
  forger: forge,
  'time-liar': lieAboutTime,
  censor,
  // Both copies run the honest machine; the world casts the second one.
  twin: () => ({ send: (_, message) => [message] }),
  flooder: flood,
  bloater: bloat,
  // The honest machine on a disk that the world sets back.
  'rolled-back': () => ({ send: (_, message) => [message] }),
  'false-witness': bearFalseWitness,
  restarter: restartForEver,
};

export function createVillain(kind: VillainKind, tools: VillainTools): Villain {
  return CAST[kind](tools);
}
