import { leaderOf } from '../../protocol/roster.ts';
import { maySeal } from '../chains/restart.ts';
import { checkBounds } from './checkers/bounds.ts';
import { scheduleFaults } from './faults.ts';
import { drawPlan, type PlanOptions } from './plan.ts';
import type { Plant } from './plants.ts';
import { World } from './world.ts';

export interface SimOptions extends PlanOptions {
  readonly plant?: Plant | undefined;
  /** Gets every event as a line. */
  readonly print?: ((line: string) => void) | undefined;
  /** Whoever joins a world before it starts: to listen, or to play a villain that no cast has. */
  readonly guest?: ((world: World) => void) | undefined;
}

export interface SimReport {
  readonly seed: number;
  readonly n: number;
  readonly villains: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly blocks: number;
  readonly views: number;
  readonly ballotsCounted: number;
  readonly violations: readonly string[];
  /** Hex; equal for equal runs. */
  readonly eventHash: string;
}

/** How long after healing everything must be settled: backed-off timers have to run out first. */
const SETTLE_MS = 60_000;
const QUIET_MS = 4_000;
/** Two Status and an answer. */
const HEARSAY_MS = 2_500;
const IDLE_MS = 6_000;
/** A Status a second is due; a lying one may cost a request and its answers on top. Messages per link, steps per node. */
const IDLE_MESSAGES_MAX = 4;
const IDLE_STEPS_MAX = 100;
/** Certificates that a message of the past is answered with at most: a villain can ask for these all day. */
const ANSWERS_MAX = 3;
/** Events of one run beyond which something spins. */
const EVENTS_MAX = 600_000;

/** One world from one seed: chaos, then healing, then silence; the checkers watch all the time. */
export function runSeed(seed: number, options: SimOptions = {}): SimReport {
  return reportOf(runWorld(seed, options));
}

/** The world after its run, for who wants to look into it. */
export function runWorld(seed: number, options: SimOptions = {}): World {
  const plan = drawPlan(seed, options);
  const world = new World(plan, { plant: options.plant, print: options.print });
  options.guest?.(world);
  for (const node of world.nodes) world.after(world.random.below(50), () => world.boot(node));
  world.load.start();
  world.changes.start();
  scheduleFaults(world);
  watch(world);
  world.runUntil(plan.chaosMs, () => isBroken(world));
  if (!isBroken(world)) heal(world);
  if (!isBroken(world)) listenToSilence(world);
  judge(world);
  return world;
}

function reportOf(world: World): SimReport {
  const { plan } = world;
  const villains = [...plan.villains].map(([index, kind]) => `${kind}@${index}`).join(' ');
  return {
    seed: plan.seed,
    n: plan.n,
    villains,
    events: world.log.count,
    virtualMs: world.nowMs,
    blocks: world.history.blocks().length,
    views: Math.max(...world.nodes.map(({ replica }) => replica?.view ?? 0)),
    ballotsCounted: world.items.countedSize,
    violations: world.verdict.violations,
    eventHash: world.log.digest(),
  };
}

function isBroken({ verdict, steps }: World): boolean {
  if (steps > EVENTS_MAX && verdict.count === 0) verdict.report('no world spins', `more than ${EVENTS_MAX} events`);
  return verdict.count > 0;
}

const WATCH_MS = 50;
const WATCH_QUIET_MS = 500;

/** Sizes at regular times, at all honest nodes; less often once nothing goes wrong any more. */
function watch(world: World): void {
  world.after(world.nowMs < world.plan.chaosMs + QUIET_MS ? WATCH_MS : WATCH_QUIET_MS, () => {
    for (const index of world.honest) {
      const replica = world.nodes[index]?.replica;
      if (replica !== undefined) checkBounds(world.verdict, index, replica);
    }
    watch(world);
  });
}

/** Phase 2: links are good and everybody honest is up; all that was accepted and a new ballot of each must be final. */
function heal(world: World): void {
  world.log.note(`${world.nowMs} heal`);
  world.network.heal();
  for (const node of world.nodes) {
    // Clocks are set right again; who runs fast or slow goes on doing so.
    node.wallStepMs = 0;
    node.healDisk();
    if (!node.isUp) world.boot(node);
  }
  // Who votes while its node loses its seat has to ask another; here clients ask once, of nodes that keep theirs.
  const changedByMs = world.nowMs + SETTLE_MS;
  const isChanged = (): boolean => isBroken(world) || (world.changes.isDone && isInOneEpoch(world));
  if (world.plan.changes.length > 0) world.runUntil(changedByMs, isChanged);
  world.load.lastCall();
  const healedAtMs = world.nowMs;
  const atMs = healedAtMs + 1_600;
  world.runUntil(atMs, () => isBroken(world));
  let checkedAtMs = 0;
  let left: string | undefined = 'not looked yet';
  world.runUntil(healedAtMs + SETTLE_MS, () => {
    if (isBroken(world)) return true;
    if (world.nowMs < checkedAtMs + 100) return false;
    checkedAtMs = world.nowMs;
    left = unsettled(world);
    return left === undefined;
  });
  if (left !== undefined && !isBroken(world)) world.verdict.report('liveness after healing', left);
}

function isInOneEpoch({ book, honest, nodes }: World): boolean {
  return honest.every((index) => {
    const { replica } = nodes[index] ?? {};
    return replica?.started === true && replica.config.roster.epoch === book.latest.epoch;
  });
}

/** What is not settled yet, or undefined when all is. */
function unsettled(world: World): string | undefined {
  const { load, items, nodes, honest, history } = world;
  if (!load.isDone) return 'operations are open';
  if (!world.changes.isDone) return 'a change of the network is open';
  const { epoch } = world.book.latest;
  const open = items.open(epoch);
  if (open.length > 0) return `accepted and not final: ${open.slice(0, 3).join('; ')}`;
  if (load.lastBallots.length === 0) return 'no ballot was sent after healing';
  const missing = load.lastBallots.filter((id) => !items.outcomes.has(id));
  if (missing.length > 0) return `${missing.length} ballots are not final`;
  const height = history.blocks().length;
  for (const index of honest) {
    const replica = nodes[index]?.replica;
    if (replica === undefined) return `node ${index} is down`;
    if (replica.executed.height !== height || replica.finalHeight !== height)
      return `node ${index} is at height ${replica.executed.height} of ${height}, final ${replica.finalHeight}`;
    if (
      [...replica.state.sessions.values()].some(({ rule, status }) => rule.close === 'deadline' && status === 'active')
    )
      return `a deadline is not told to node ${index}`;
    if (replica.config.roster.epoch !== epoch || !replica.started) return `node ${index} is not in epoch ${epoch}`;
    if (replica.config.self === undefined) continue;
    if (replica.fence !== undefined && replica.fence.view === undefined)
      return `node ${index} still asks what it signed`;
    if (replica.fence !== undefined && !maySeal(replica)) return `node ${index} has not restarted its chains`;
  }
  return undefined;
}

/** V4: without work there are no blocks, no views and nothing to sync. */
function listenToSilence(world: World): void {
  world.runUntil(world.nowMs + QUIET_MS, () => isBroken(world));
  // Who has no seat hears of a block by the next Status: one that a villain caused a moment ago is still on its way there.
  world.runUntil(world.nowMs + HEARSAY_MS, () => isBroken(world) || isLevel(world));
  const before = stamp(world);
  const height = world.history.blocks().length;
  const { steps, sent, sentByVillains } = world;
  world.runUntil(world.nowMs + IDLE_MS, () => isBroken(world));
  // A villain that seals something now makes work for all: what it does is not silence, but it is no fault of theirs.
  const isTheirs = onlyVillains(world, height) || onlyTheirViews(world, before);
  if (stamp(world) !== before && !isTheirs)
    world.verdict.report('V4 idle means silent', `${before} became ${stamp(world)}`);
  const links = world.honest.length * (world.nodes.length - 1);
  const byVillains = world.sentByVillains - sentByVillains;
  const provoked = ANSWERS_MAX * byVillains;
  const perSecond = Math.max(0, world.sent - sent - provoked) / (IDLE_MS / 1_000) / links;
  // What a villain sends arrives, and so does what it is answered: no sleep of theirs, and none of an honest node's making.
  const ownSteps = Math.max(0, world.steps - steps - byVillains - provoked);
  const stepsPerSecond = ownSteps / (IDLE_MS / 1_000) / world.nodes.length;
  if (stepsPerSecond > IDLE_STEPS_MAX) world.verdict.report('V4 idle means asleep', `${stepsPerSecond} steps a second`);
  if (perSecond > IDLE_MESSAGES_MAX)
    world.verdict.report('V4 idle means silent', `${perSecond} messages a second and link`);
}

function isLevel({ history, honest, nodes }: World): boolean {
  const height = history.blocks().length;
  return honest.every((index) => nodes[index]?.replica?.executed.height === height);
}

/** Whether there are blocks above a height, and all of them order chains of villains alone. */
function onlyVillains({ history, honest, book }: World, height: number): boolean {
  const { seats } = book.latest;
  const fresh = history.blocks().slice(height);
  return fresh.length > 0 && fresh.every(({ cut }) => cut.every(({ author }) => !honest.includes(seats[author] ?? -1)));
}

/** A villain that leads may give its view up, once a turn: the next leader is another. Nothing else moved. */
function onlyTheirViews({ nodes, honest, book, plan }: World, before: string): boolean {
  const places = before.split(' ').map((one) => one.split('/').map(Number));
  return honest.every((index, at) => {
    const replica = nodes[index]?.replica;
    const [view = 0, height = 0] = places[at] ?? [];
    if (replica === undefined || replica.finalHeight !== height) return false;
    const left = Array.from({ length: Math.max(0, replica.view - view) }, (_, step) => view + step);
    return left.every((one) => plan.villains.has(book.latest.seats[leaderOf(book.latest.roster, one)] ?? -1));
  });
}

function stamp({ nodes, honest }: World): string {
  return honest.map((index) => `${nodes[index]?.replica?.view}/${nodes[index]?.replica?.finalHeight}`).join(' ');
}

function judge(world: World): void {
  world.tap.finish(world.history.blocks(), world.hashes);
  for (const id of world.load.lastBallots) {
    const outcomes = world.items.outcomes.get(id) ?? [];
    if (!outcomes.includes('counted') && world.verdict.count === 0) {
      world.verdict.report('ballots after healing count', `${id.slice(0, 8)}: ${outcomes}`);
    }
  }
  judgePace(world);
  const height = world.history.blocks().length;
  for (const index of world.honest) {
    const replica = world.nodes[index]?.replica;
    if (replica?.executed.height === height) world.recount.compare(index, replica.state);
  }
}

/** V1: with good links a ballot is in a final block after 2(f + 1) leaders, f of whom may be villains. */
function judgePace({ load, items, history, book, verdict }: World): void {
  const leadersMax = 2 * (Math.floor((book.latest.seats.length - 1) / 3) + 1);
  for (const [id, { epoch, view: fromView }] of load.lastViews) {
    const block = history.blocks()[(items.heights.get(id) ?? 0) - 1];
    // Views count from zero again, and the end of an epoch takes its time.
    if (block !== undefined && block.epoch !== epoch) continue;
    const leaders = block === undefined ? 0 : block.view - fromView;
    if (leaders > leadersMax)
      verdict.report('V1 finality', `${id.slice(0, 8)} took ${leaders} leaders of ${leadersMax}`);
  }
}
