import { cp, open, readdir, rename, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../../protocol/errors.ts';
import { type Attempt, attemptStart, wordsOfAttempt } from '../stage/attempt.ts';
import { LONG_LOAD } from '../stage/load.ts';
import { compareAnswers } from '../stage/same-answers.ts';
import { timing } from '../stage/timing.ts';
import type { Finding, Scenario, Stage } from './scenario.ts';

/** Where and how one file of a home is damaged. */
interface Damage {
  readonly what: string;
  /** A start must be refused, since what was signed is in question. */
  readonly mustRefuse: boolean;
  /** Relative to the home. */
  readonly folder: string;
  readonly pattern: RegExp;
  hurt(path: string, draw: () => number): Promise<void>;
}

const BEFORE_MS = 12_000;
const CASE_MS = 75_000;
/** Repaired from peers, or stopped, by then (reliability.md 2.2). */
const REPAIR_MS = 120_000;
const REPAIR_LOOK_MS = 5_000;
const PAGE_BYTES = 4_096;
const DB = 'ledger/db';

const DAMAGES: readonly Damage[] = [
  { what: 'journal: garbage behind its end', mustRefuse: false, folder: 'journal', pattern: /journal$/, hurt: append },
  { what: 'journal: a bit before its end', mustRefuse: true, folder: 'journal', pattern: /journal$/, hurt: flipEarly },
  { what: 'journal: zeros before its end', mustRefuse: true, folder: 'journal', pattern: /journal$/, hurt: zeroEarly },
  { what: 'ledger .log: a bit', mustRefuse: false, folder: DB, pattern: /\.log$/, hurt: flip },
  { what: 'ledger .log: cut in half', mustRefuse: false, folder: DB, pattern: /\.log$/, hurt: halve },
  { what: 'ledger .ldb: a bit', mustRefuse: false, folder: DB, pattern: /\.ldb$/, hurt: flip },
  { what: 'ledger .ldb: a page of zeros', mustRefuse: false, folder: DB, pattern: /\.ldb$/, hurt: zeroEarly },
  { what: 'ledger .ldb: gone', mustRefuse: false, folder: DB, pattern: /\.ldb$/, hurt: remove },
  { what: 'ledger MANIFEST: a bit', mustRefuse: false, folder: DB, pattern: /^MANIFEST/, hurt: flip },
  { what: 'ledger MANIFEST: cut in half', mustRefuse: false, folder: DB, pattern: /^MANIFEST/, hurt: halve },
  { what: 'ledger CURRENT: gone', mustRefuse: false, folder: DB, pattern: /^CURRENT$/, hurt: remove },
];

/** Rot in every kind of file (reliability.md 2.2): refused, repaired or without effect, and never a wrong answer. */
export const diskDamage: Scenario = {
  name: 'disk-damage',
  promise: 'damage in any stored file is refused by name, repaired or without effect: no wrong answer is ever given',
  limitMs: () => 300_000 + DAMAGES.length * CASE_MS,
  async run(stage) {
    const load = await stage.load(LONG_LOAD);
    const [name = 'node1'] = stage.names.slice(-1);
    await stage.rest(BEFORE_MS);
    // Twice, so that LevelDB has tables and not a log alone.
    await stage.stop(name);
    await stage.start(name);
    await stage.untilTip(name);
    const findings: Finding[] = [];
    for (const damage of DAMAGES) {
      const finding = await judgeDamage(stage, name, damage);
      stage.say(`${finding.holds ? '' : 'BROKEN '}${finding.figure}`);
      findings.push(finding);
    }
    const broken = findings.filter(({ holds }) => !holds);
    const refused = findings.filter(({ figure }) => figure.includes('refused')).length;
    const figure = `${DAMAGES.length} damages: ${refused} refused, ${findings.length - refused} up and right`;
    const sum: Finding = { invariant: 'S7', holds: broken.length === 0, figure };
    const repaired = await untilRepaired(stage, name);
    // What it cannot answer is not there to be judged.
    if (!repaired.holds) await stage.stop(name);
    return [sum, ...broken, repaired, ...(await stage.judge(load))];
  },
};

/** Damage the home of a node that was killed; one that then refuses gets its home back as it was. */
async function judgeDamage(stage: Stage, name: string, damage: Damage): Promise<Finding> {
  const { what, mustRefuse, folder, pattern, hurt } = damage;
  const home = stage.home(name);
  await killWhole(stage, name);
  const whole = `${home}.whole`;
  await rm(whole, { recursive: true, force: true });
  await cp(home, whole, { recursive: true });
  const path = await newest(join(home, folder), pattern);
  if (path === undefined) {
    await backToTip(stage, name);
    return { invariant: 'S7', holds: true, figure: `${what}: no such file` };
  }
  await hurt(path, stage.random);
  const attempt = await attemptStart(stage, name);
  if (attempt.end !== 'ended') {
    const { wrong, missing } = await compareAnswers(stage, name);
    const holds = wrong.length === 0 && !mustRefuse && attempt.end === 'ready';
    const says =
      wrong.length > 0 ? `${wrong.length} wrong answers, first ${wrong[0]}` : `${missing.length} answers missing`;
    return { invariant: 'S7', holds, figure: `${what}: ${wordsOfAttempt(attempt)}, ${says}` };
  }
  // It signed nothing since the copy was made: this home is not set back.
  await rm(home, { recursive: true });
  await rename(whole, home);
  await rm(join(home, 'lock'), { force: true });
  await backToTip(stage, name);
  return { invariant: 'S6', holds: isNamed(attempt), figure: `${what}: refused, ${wordsOfAttempt(attempt)}` };
}

/** Until it answers all that the others do: what LevelDB gave back damaged is to come from the peers. */
async function untilRepaired(stage: Stage, name: string): Promise<Finding> {
  const fromMs = performance.now();
  for (;;) {
    const { missing } = await compareAnswers(stage, name);
    const elapsedMs = performance.now() - fromMs;
    if (missing.length === 0) return timing('R4', 'all answers there again', elapsedMs, REPAIR_MS);
    const figure = `${missing.length} answers still missing after ${REPAIR_MS / 1_000} s`;
    // One that stopped itself makes its ledger anew at its next start; of one that runs this is refused.
    await stage.start(name).catch(() => undefined);
    if (elapsedMs > REPAIR_MS) return { invariant: 'R4', holds: false, figure };
    await stage.rest(REPAIR_LOOK_MS);
  }
}

/** A refusal has a code of its own and says what to do; a crash has neither. */
function isNamed({ exit, said }: Attempt): boolean {
  return exit === 74 && said.includes('Next: ');
}

/** A node whose scrub found the last damage has stopped itself: its next start makes the ledger anew. */
async function killWhole(stage: Stage, name: string): Promise<void> {
  try {
    await stage.kill(name);
  } catch (error) {
    if (codeOf(error) !== 'WAGGLE_CLI_UNAVAILABLE') throw error;
    await backToTip(stage, name);
    await stage.kill(name);
  }
}

async function backToTip(stage: Stage, name: string): Promise<void> {
  await stage.start(name);
  await stage.untilTip(name);
}

async function newest(folder: string, pattern: RegExp): Promise<string | undefined> {
  const names = (await readdir(folder)).filter((one) => pattern.test(one)).sort();
  const sizes = await Promise.all(names.map(async (one) => (await stat(join(folder, one))).size));
  const found = names.filter((_, at) => (sizes[at] ?? 0) > 0).at(-1);
  return found === undefined ? undefined : join(folder, found);
}

async function append(path: string): Promise<void> {
  await writeAt(path, (await stat(path)).size, new Uint8Array(40).fill(0xa5));
}

async function flip(path: string, draw: () => number): Promise<void> {
  await flipAt(path, Math.floor(draw() * (await stat(path)).size));
}

/** In the second quarter: there are synced records behind it. */
async function flipEarly(path: string, draw: () => number): Promise<void> {
  const { size } = await stat(path);
  await flipAt(path, Math.floor(size / 4 + (draw() * size) / 4));
}

async function zeroEarly(path: string): Promise<void> {
  const { size } = await stat(path);
  await writeAt(path, Math.floor(size / 4), new Uint8Array(Math.min(PAGE_BYTES, Math.ceil(size / 4))));
}

async function halve(path: string): Promise<void> {
  await truncate(path, Math.floor((await stat(path)).size / 2));
}

async function remove(path: string): Promise<void> {
  await rm(path);
}

async function flipAt(path: string, offset: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const byte = new Uint8Array(1);
    await file.read(byte, 0, 1, offset);
    await file.write(Uint8Array.of((byte[0] ?? 0) ^ 0x10), 0, 1, offset);
  } finally {
    await file.close();
  }
}

async function writeAt(path: string, offset: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(bytes, 0, bytes.length, offset);
  } finally {
    await file.close();
  }
}
