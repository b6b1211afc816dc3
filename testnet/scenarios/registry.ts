import { bridge } from './bridge.ts';
import { clockOffset } from './clock-offset.ts';
import { delay } from './delay.ts';
import { diskDamage } from './disk-damage.ts';
import { diskFull } from './disk-full.ts';
import { doubleStart } from './double-start.ts';
import { epochsAway } from './epochs-away.ts';
import { equivocate } from './equivocate.ts';
import { flap } from './flap.ts';
import { halves } from './halves.ts';
import { killAll } from './kill-all.ts';
import { killAny } from './kill-any.ts';
import { loss } from './loss.ts';
import { minority } from './minority.ts';
import { oneWay } from './one-way.ts';
import { pause } from './pause.ts';
import { powerCut } from './power-cut.ts';
import { rate } from './rate.ts';
import { reconfigure } from './reconfigure.ts';
import { ring } from './ring.ts';
import { rolledBackHome } from './rolled-back-home.ts';
import { rollingRestart } from './rolling-restart.ts';
import type { Scenario } from './scenario.ts';
import { slowDisk } from './slow-disk.ts';
import { swizzle } from './swizzle.ts';
import { wipedHome } from './wiped-home.ts';
import { wrongState } from './wrong-state.ts';

/** In the order in which `all` runs them. Each stands in the file of its name. */
export const SCENARIOS: readonly Scenario[] = [
  killAny,
  killAll,
  rollingRestart,
  pause,
  minority,
  halves,
  oneWay,
  ring,
  bridge,
  flap,
  swizzle,
  loss,
  delay,
  rate,
  wrongState,
  powerCut,
  wipedHome,
  rolledBackHome,
  doubleStart,
  equivocate,
  clockOffset,
  slowDisk,
  diskFull,
  diskDamage,
  reconfigure,
  epochsAway,
];
