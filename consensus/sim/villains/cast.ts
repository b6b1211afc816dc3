import { forkChains } from './chain-forker.ts';
import { equivocate } from './equivocator.ts';
import { lie } from './liar.ts';
import { nullifyAndFinalize } from './nullfin.ts';
import { beSilent } from './silent.ts';
import { sprayShards } from './sprayer.ts';
import type { Villain, VillainTools } from './villain.ts';
import { withhold } from './withholder.ts';

export const VILLAIN_KINDS = ['silent', 'equivocator', 'forker', 'sprayer', 'nullfin', 'withholder', 'liar'] as const;
export type VillainKind = (typeof VILLAIN_KINDS)[number];

const CAST: Readonly<Record<VillainKind, (tools: VillainTools) => Villain>> = {
  silent: beSilent,
  equivocator: equivocate,
  forker: forkChains,
  sprayer: sprayShards,
  nullfin: nullifyAndFinalize,
  withholder: withhold,
  liar: lie,
};

export function createVillain(kind: VillainKind, tools: VillainTools): Villain {
  return CAST[kind](tools);
}
