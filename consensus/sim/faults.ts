import type { SimNode } from './node.ts';
import type { World } from './world.ts';

/** Crashes, restarts and splits of the network, drawn ahead for the time of chaos. */
export function scheduleFaults(world: World): void {
  const { crashEveryMs, splitEveryMs, clockStepEveryMs, clockStepMs, chaosMs } = world.plan;
  const random = world.random.fork();
  for (let atMs = next(crashEveryMs); atMs < chaosMs; atMs += next(crashEveryMs)) world.after(atMs, crash);
  for (let atMs = next(splitEveryMs); atMs < chaosMs; atMs += next(splitEveryMs)) world.after(atMs, split);
  for (let atMs = next(clockStepEveryMs); atMs < chaosMs; atMs += next(clockStepEveryMs)) world.after(atMs, stepClock);

  for (const [index, kind] of world.plan.villains) {
    const node = kind === 'rolled-back' ? world.nodes[index] : undefined;
    for (let atMs = next(1_500); node !== undefined && atMs < chaosMs; atMs += next(1_500)) rollBackAt(node, atMs);
  }

  const { wipe } = world.plan;
  const doomed = wipe === undefined ? undefined : world.nodes[wipe.node];
  if (wipe !== undefined && doomed !== undefined) {
    world.after(wipe.atMs, () => {
      world.wipe(doomed);
      world.after(1 + random.below(world.plan.downMs), () => restart(doomed));
    });
  }

  function next(everyMs: number): number {
    return everyMs === 0 ? Number.POSITIVE_INFINITY : 1 + random.below(2 * everyMs);
  }

  function crash(): void {
    const all = random.chance(world.plan.blackout);
    for (const node of all ? world.nodes : [random.pick(world.nodes)]) {
      if (!node.isUp) continue;
      world.crash(node);
      world.after(1 + random.below(world.plan.downMs), () => restart(node));
    }
  }

  function rollBackAt(node: SimNode, atMs: number): void {
    world.after(atMs, () => node.disk.copy());
    world.after(atMs + 1 + random.below(1_000), () => {
      world.rollBack(node);
      world.after(1 + random.below(50), () => restart(node));
    });
  }

  function stepClock(): void {
    const node = random.pick(world.nodes);
    node.wallStepMs = random.between(-clockStepMs, clockStepMs);
    world.log.note(`${world.nowMs} clock ${node.index} ${node.wallStepMs}`);
  }

  function restart(node: SimNode): void {
    if (!node.isUp) world.boot(node);
  }

  function split(): void {
    const sides = world.nodes.map(() => random.below(2));
    world.log.note(`${world.nowMs} split ${sides}`);
    world.network.split(sides, random.chance(0.3));
    world.after(1 + random.below(world.plan.splitMs), () => {
      world.log.note(`${world.nowMs} join`);
      world.network.join();
    });
  }
}
