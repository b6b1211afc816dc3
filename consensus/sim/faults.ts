import type { SimNode } from './node.ts';
import type { World } from './world.ts';

/** Crashes, restarts and splits of the network, drawn ahead for the time of chaos. */
export function scheduleFaults(world: World): void {
  const { crashEveryMs, splitEveryMs, chaosMs } = world.plan;
  const random = world.random.fork();
  for (let atMs = next(crashEveryMs); atMs < chaosMs; atMs += next(crashEveryMs)) world.after(atMs, crash);
  for (let atMs = next(splitEveryMs); atMs < chaosMs; atMs += next(splitEveryMs)) world.after(atMs, split);

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
